// The reference cases refuse wrong versions of every figure.
#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/figures.hpp"
#include "negphase/diagnostics/quantity_draws.hpp"
#include "negphase/diagnostics/rhat.hpp"
#include "planted/DI1.hpp"
#include "planted/DI16.hpp"
#include "planted/DI17.hpp"
#include "planted/DI18.hpp"
#include "planted/DI21.hpp"
#include "planted/DI22.hpp"
#include "planted/DI23.hpp"
#include "planted/DI6.hpp"
#include "planted/DI7.hpp"
#include "support/diagnostic_cases.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

using Names = std::vector<std::string>;

const DiagnosticCase& case_named(const std::string& name) {
  for (const DiagnosticCase& one : diagnostic_cases()) {
    if (one.name == name) {
      return one;
    }
  }
  throw std::runtime_error("no case " + name);
}

/// The flags of case n_stuck_chain, all figures asked for.
template <class Draws>
Names flags_of_stuck_chain() {
  const Draws draws(case_named("n_stuck_chain_4x20").draws);
  draws.ess_tail();
  draws.ess_mean();
  return draws.flags();
}

// Only what the planted bug is about: one figure, by one version of QuantityDraws.
template <class Draws, double (Draws::*figure)() const>
Names wrong(const std::string& name) {
  return wrong_cases(name, [](const Eigen::ArrayXXd& x) { return (Draws(x).*figure)(); });
}

template <class Draws>
Names wrong_median_size() {
  return wrong_cases("ess_median",
                     [](const Eigen::ArrayXXd& x) { return Draws(x).ess_quantile(0.5); });
}

}  // namespace

TEST_CASE("wrong figures of split chains, folds, indicators and errors are refused") {
  using Right = QuantityDraws;
  CHECK(wrong<Right, &Right::rhat_split>("rhat_split").empty());
  CHECK(wrong<Right, &Right::rhat_rank_folded>("rhat_rank_folded").empty());
  CHECK(wrong<Right, &Right::mcse_sd>("mcse_sd").empty());
  CHECK(wrong<Right, &Right::mcse_mean>("mcse_mean").empty());
  CHECK(wrong_median_size<Right>().empty());

  using Unsplit = planted::DI1::QuantityDraws;
  CHECK_FALSE(wrong<Unsplit, &Unsplit::rhat_split>("rhat_split").empty());
  CHECK_FALSE(wrong<Unsplit, &Unsplit::ess_mean>("ess_mean").empty());
  using NotFolded = planted::DI6::QuantityDraws;
  CHECK_FALSE(wrong<NotFolded, &NotFolded::rhat_rank_folded>("rhat_rank_folded").empty());
  using AboutMean = planted::DI7::QuantityDraws;
  CHECK_FALSE(wrong<AboutMean, &AboutMean::rhat_rank_folded>("rhat_rank_folded").empty());
  CHECK_FALSE(wrong_median_size<planted::DI16::QuantityDraws>().empty());
  using SizeOfX = planted::DI17::QuantityDraws;
  CHECK_FALSE(wrong<SizeOfX, &SizeOfX::mcse_sd>("mcse_sd").empty());
  using ByBulk = planted::DI18::QuantityDraws;
  CHECK_FALSE(wrong<ByBulk, &ByBulk::mcse_mean>("mcse_mean").empty());
  using Glued = planted::DI21::QuantityDraws;
  CHECK_FALSE(wrong<Glued, &Glued::ess_mean>("ess_mean").empty());
}

TEST_CASE("a frozen chain that is not told and an infinite draw that is ranked are refused") {
  CHECK(flags_of_stuck_chain<QuantityDraws>() == Names{"one-chain-frozen"});
  CHECK(flags_of_stuck_chain<planted::DI22::QuantityDraws>() != Names{"one-chain-frozen"});
  const Eigen::ArrayXXd& infinite = case_named("r_inf_2x10").draws;
  CHECK(std::isnan(QuantityDraws(infinite).rhat()));
  CHECK_FALSE(std::isnan(planted::DI23::QuantityDraws(infinite).rhat()));
}
