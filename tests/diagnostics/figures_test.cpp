#include "negphase/diagnostics/figures.hpp"

#include <fmt/format.h>

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/quantity_draws.hpp"
#include "support/diagnostic_cases.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

/// In the order of figure_names().
std::vector<double> listed(const ChainFigures& f) {
  return {f.rhat_unsplit, f.rhat_split,  f.rhat_rank_bulk, f.rhat_rank_folded, f.rhat,
          f.ess_unsplit,  f.ess_mean,    f.ess_sd,         f.ess_bulk,         f.ess_q05,
          f.ess_q95,      f.ess_median,  f.ess_tail,       f.mcse_mean,        f.quantile_05,
          f.quantile_50,  f.quantile_95, f.mcse_sd,        f.mcse_median,      f.mcse_q05,
          f.mcse_q95};
}

std::string joined(const std::vector<std::string>& flags) {
  std::string text;
  for (const std::string& flag : flags) {
    text += (text.empty() ? "" : "+") + flag;
  }
  return text.empty() ? "ok" : text;
}

ChainDraws one_quantity(const Eigen::ArrayXXd& draws) {
  ChainDraws result;
  result.names = {"x"};
  for (Eigen::Index c = 0; c < draws.cols(); ++c) {
    result.chains.push_back(draws.col(c));
  }
  return result;
}

Eigen::ArrayXXd example() { return diagnostic_cases()[1].draws; }

}  // namespace

// Sums of at most 2,000 numbers of one order are off by 2000 * 1.1e-16 = 2e-13 relative, a few
// times more where a difference of nearly equal ones is taken. Only y_big_offset has more: its
// answers hold means of draws near 2^20, rounded by 1.2e-10 where the chains' means differ by about
// 0.1.
TEST_CASE("every figure and flag of 26 cases is the reference's, within 1e-10") {
  CHECK(diagnostic_cases().size() == 26);
  CHECK(figure_names().size() == 21);
  double largest = 0;
  std::string where;
  for (const DiagnosticCase& one : diagnostic_cases()) {
    CAPTURE(one.name);
    const ChainFigures figures = chain_figures(one.draws);
    const std::vector<double> got = listed(figures);
    for (std::size_t k = 0; k < got.size(); ++k) {
      CAPTURE(figure_names()[k]);
      CAPTURE(got[k]);
      CAPTURE(one.expected[k]);
      const double difference = relative_difference(got[k], one.expected[k]);
      CHECK(difference <= 1e-10);
      if (difference > largest) {
        largest = difference;
        where = one.name + ", " + figure_names()[k];
      }
    }
    CHECK(joined(figures.flags) == one.flags);
  }
  MESSAGE(fmt::format("26 cases, 21 figures and their flags: largest difference {:.2g} ({})",
                      largest, where));
}

TEST_CASE("figures do not depend on threads, on other quantities or on the set that is wanted") {
  const Eigen::ArrayXXd x = example();
  ChainDraws draws = one_quantity(x);
  draws.names = {"x", "2 x", "constant", "-x"};
  for (Eigen::Index c = 0; c < x.cols(); ++c) {
    auto& chain = draws.chains[static_cast<std::size_t>(c)];
    chain.resize(x.rows(), 4);
    chain << x.col(c), 2 * x.col(c), Eigen::ArrayXd::Constant(x.rows(), 0.1), -x.col(c);
  }
  const auto one = chain_figures(draws, Executor(1));
  const auto three = chain_figures(draws, Executor(3));
  const auto fewer = chain_figures(draws, Executor(1), FigureSet::convergence);
  REQUIRE(one.size() == 4);
  for (std::size_t j = 0; j < 4; ++j) {
    CAPTURE(j);
    for (std::size_t k = 0; k < figure_names().size(); ++k) {
      CHECK(relative_difference(listed(one[j])[k], listed(three[j])[k]) == 0);
    }
    CHECK(one[j].flags == three[j].flags);
    CHECK(fewer[j].flags == one[j].flags);
    CHECK(relative_difference(fewer[j].rhat, one[j].rhat) == 0);
    CHECK(relative_difference(fewer[j].ess_bulk, one[j].ess_bulk) == 0);
    CHECK(relative_difference(fewer[j].ess_tail, one[j].ess_tail) == 0);
    CHECK(std::isnan(fewer[j].mcse_sd));
  }
  // Powers of two are exact: twice the draws, the same figures.
  CHECK(one[1].rhat == one[0].rhat);
  CHECK(one[1].ess_mean == one[0].ess_mean);
  CHECK(one[1].mcse_mean == 2 * one[0].mcse_mean);
  CHECK(one[2].mean == 0.1);
  CHECK(one[2].sd == 0);
  CHECK(one[2].has("constant"));
  CHECK_FALSE(one[2].has("capped"));
  // Mirrored, the two tails change places and nothing else.
  CHECK(one[3].ess_bulk == doctest::Approx(one[0].ess_bulk).epsilon(1e-12));
  CHECK(one[3].rhat == doctest::Approx(one[0].rhat).epsilon(1e-12));
}

TEST_CASE("draws of any size, far from 0 or next to nothing, have the figures of their shape") {
  const Eigen::ArrayXXd x = example();
  const ChainFigures plain = chain_figures(x);
  for (const int exponent : {-1060, -600, 600, 1000}) {
    CAPTURE(exponent);
    const Eigen::ArrayXXd scaled =
        x.unaryExpr([exponent](double v) { return std::ldexp(v, exponent); });
    const ChainFigures f = chain_figures(scaled);
    // The draws are multiples of 2^-10 below 8: at 2^-1060 all bits above 2^-1070 are kept.
    CHECK(f.rhat == plain.rhat);
    CHECK(f.ess_mean == plain.ess_mean);
    CHECK(f.ess_sd == plain.ess_sd);
    CHECK(f.mcse_sd == doctest::Approx(std::ldexp(plain.mcse_sd, exponent)).epsilon(1e-4));
    CHECK(f.mean == doctest::Approx(std::ldexp(plain.mean, exponent)).epsilon(1e-2));
  }
  // Multiples of 2^-10 about 2^40 are exact, so that only the means are rounded: 2^40 eps relative
  // to sd 1 is 2.4e-4 where sums were taken as they are, and 1e-13 about a draw.
  const ChainFigures far = chain_figures((x + std::ldexp(1.0, 40)).eval());
  CHECK(far.rhat_split == doctest::Approx(plain.rhat_split).epsilon(1e-12));
  CHECK(far.ess_mean == doctest::Approx(plain.ess_mean).epsilon(1e-12));
  CHECK(far.sd == doctest::Approx(plain.sd).epsilon(1e-12));
}

TEST_CASE("what cannot be had is NaN, and says why") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(joined(chain_figures(Eigen::ArrayXXd(0, 0)).flags) == "too-short");
  CHECK(joined(chain_figures(Eigen::ArrayXXd(0, 3)).flags) == "too-short");
  CHECK(joined(chain_figures(Eigen::ArrayXXd(20, 0)).flags) == "too-short");
  CHECK(std::isnan(chain_figures(Eigen::ArrayXXd(20, 0)).mean));
  const ChainFigures single = chain_figures(Eigen::ArrayXXd::Constant(1, 1, 2.5));
  CHECK(single.mean == 2.5);
  CHECK(std::isnan(single.sd));
  Eigen::ArrayXXd bad = example();
  bad(3, 1) = -inf;
  const ChainFigures f = chain_figures(bad);
  CHECK(joined(f.flags) == "non-finite");
  CHECK(std::isnan(f.rhat));
  CHECK(std::isnan(f.mean));
  // A chain that holds a number which has no exact binary form is frozen all the same.
  Eigen::ArrayXXd frozen = example();
  frozen.col(2) = 0.1;
  CHECK(joined(chain_figures(frozen).flags) == "one-chain-frozen");
  frozen.rowwise() = Eigen::RowVector4d(0.1, 0.2, 0.3, 0.7).array();
  CHECK(joined(chain_figures(frozen).flags) == "all-chains-frozen");
  CHECK(chain_figures(frozen).rhat == inf);
  // Spins of mean 0: (x - mean)^2 never changes, so that its effective size is none.
  Eigen::ArrayXXd spins = example().sign();
  for (Eigen::Index i = 0; i < spins.rows(); ++i) {
    spins(i, 2) = -spins(i, 0);
    spins(i, 3) = -spins(i, 1);
  }
  spins = 0.1 + 0.3 * spins;
  CHECK(std::isnan(chain_figures(spins).ess_sd));
  CHECK(std::isfinite(chain_figures(spins).ess_mean));
  const QuantityDraws q(example());
  CHECK_THROWS_AS(q.quantile(1.5), UsageError);
  CHECK_THROWS_AS(q.ess_quantile(std::numeric_limits<double>::quiet_NaN()), UsageError);
}
