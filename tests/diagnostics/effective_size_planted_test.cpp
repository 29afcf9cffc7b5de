// The reference cases refuse wrong parts of which the figures are made.
#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/autocovariance.hpp"
#include "negphase/diagnostics/effective_size.hpp"
#include "negphase/diagnostics/normal_scores.hpp"
#include "negphase/diagnostics/rhat.hpp"
#include "planted/DI10.hpp"
#include "planted/DI11.hpp"
#include "planted/DI12.hpp"
#include "planted/DI13.hpp"
#include "planted/DI14.hpp"
#include "planted/DI15.hpp"
#include "planted/DI19.hpp"
#include "planted/DI2.hpp"
#include "planted/DI20.hpp"
#include "planted/DI24.hpp"
#include "planted/DI3.hpp"
#include "planted/DI4.hpp"
#include "planted/DI5.hpp"
#include "planted/DI8.hpp"
#include "planted/DI9.hpp"
#include "support/diagnostic_cases.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

using Draws = Eigen::ArrayXXd;
using Figure = std::function<double(const Draws&)>;

/// Whether some case that has the figure refuses this way to it. What cannot be had is not asked of
/// the parts.
bool is_refused(const std::string& name, const Figure& figure) {
  const auto& names = figure_names();
  const auto k =
      static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  REQUIRE(k < names.size());
  std::size_t looked_at = 0;
  bool refused = false;
  for (const DiagnosticCase& one : diagnostic_cases()) {
    if (std::isfinite(one.expected[k])) {
      ++looked_at;
      refused = refused || !(relative_difference(figure(one.draws), one.expected[k]) <= 1e-10);
    }
  }
  CHECK(looked_at >= 15);
  return refused;
}

/// ess_mean from one version of effective_size.
template <class Version>
Figure size_by(Version version) {
  return [version](const Draws& x) {
    const CentredChains chains(split_chains(x));
    ChainAutocovariance at(chains.centred());
    return version(chains.num_draws(), chains.num_chains(), chains.between(),
                   [&](Index lag) { return at(lag); })
        .size;
  };
}

/// rhat_split and ess_mean from one version of CentredChains.
template <class Chains>
double split_rhat(const Draws& x) {
  const Chains c(split_chains(x));
  const double n = static_cast<double>(c.num_draws());
  return std::sqrt((n - 1) / n + c.between() / c.within());
}

template <class Chains, class Autocovariance>
double mean_size(const Draws& x) {
  const Chains c(split_chains(x));
  Autocovariance at(c.centred());
  return effective_size(c.num_draws(), c.num_chains(), c.between(),
                        [&](Index lag) { return at(lag); })
      .size;
}

/// rhat_rank_bulk from one version of normal_scores and of their table.
template <class Scores, class Z>
Figure rank_rhat(Z z) {
  return [z](const Draws& x) {
    const Scores scores(x.rows() / 2 * 2 * x.cols());
    return rhat(CentredChains(z(SortedDraws(x), scores)));
  };
}

}  // namespace

// A version of a function as an object, since names of overloads cannot be handed on.
#define VERSION(name) [](const auto&... arguments) { return name(arguments...); }

TEST_CASE("wrong forms of Geyer's sequence are refused") {
  CHECK_FALSE(is_refused("ess_mean", size_by(VERSION(effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI9::effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI10::effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI11::effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI12::effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI13::effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI14::effective_size))));
  CHECK(is_refused("ess_mean", size_by(VERSION(planted::DI19::effective_size))));
}

TEST_CASE("wrong variances, halves and autocovariances are refused") {
  using Right = CentredChains;
  CHECK_FALSE(is_refused("rhat_split", split_rhat<Right>));
  CHECK_FALSE(is_refused("ess_mean", mean_size<Right, ChainAutocovariance>));
  CHECK(is_refused("rhat_split", [](const Draws& x) {
    return rhat(CentredChains(planted::DI2::split_chains(x)));
  }));
  CHECK(is_refused("rhat_split", split_rhat<planted::DI5::CentredChains>));
  CHECK(is_refused("rhat_split", split_rhat<planted::DI24::CentredChains>));
  CHECK(is_refused("ess_mean", mean_size<Right, planted::DI8::ChainAutocovariance>));
  CHECK(is_refused("ess_mean", mean_size<planted::DI20::CentredChains, ChainAutocovariance>));
}

TEST_CASE("wrong ranks, scores and quantiles are refused") {
  CHECK_FALSE(is_refused("rhat_rank_bulk", rank_rhat<NormalScores>(VERSION(normal_scores))));
  CHECK(is_refused("rhat_rank_bulk",
                   rank_rhat<planted::DI3::NormalScores>(VERSION(planted::DI3::normal_scores))));
  CHECK(is_refused("rhat_rank_bulk",
                   rank_rhat<planted::DI4::NormalScores>(VERSION(planted::DI4::normal_scores))));
  CHECK_FALSE(
      is_refused("quantile_05", [](const Draws& x) { return SortedDraws(x).quantile(0.05); }));
  CHECK(is_refused("quantile_05",
                   [](const Draws& x) { return planted::DI15::SortedDraws(x).quantile(0.05); }));
}
