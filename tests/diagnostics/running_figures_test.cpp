#include "negphase/diagnostics/running_figures.hpp"

#include <fmt/format.h>

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/effective_size.hpp"
#include "negphase/diagnostics/figures.hpp"
#include "negphase/diagnostics/rhat.hpp"
#include "planted/DI25.hpp"
#include "planted/DI26.hpp"
#include "planted/DI27.hpp"
#include "planted/DI28.hpp"
#include "support/allocation_counter.hpp"
#include "support/ar1.hpp"
#include "support/diagnostic_cases.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

template <class Chain = RunningChain>
std::vector<Chain> running(const Eigen::ArrayXXd& draws, Index lags, Index batches = 64) {
  std::vector<Chain> chains;
  for (Index c = 0; c < draws.cols(); ++c) {
    chains.emplace_back(lags, batches);
    for (Index i = 0; i < draws.rows(); ++i) {
      chains.back().add(draws(i, c));
    }
  }
  return chains;
}

std::vector<std::string> without(std::vector<std::string> flags, const std::string& flag) {
  std::erase(flags, flag);
  return flags;
}

/// The largest difference to the figures of all draws, in the cases of which they are known.
template <class Chain, class Together>
double largest_difference(Together together) {
  double largest = 0;
  for (const DiagnosticCase& one : diagnostic_cases()) {
    const ChainFigures full = chain_figures(one.draws);
    const auto f = together(running<Chain>(one.draws, std::max<Index>(one.draws.rows(), 2)));
    largest = std::max({largest, relative_difference(f.rhat_unsplit, full.rhat_unsplit),
                        relative_difference(f.ess_mean, full.ess_unsplit),
                        relative_difference(f.sd, full.sd)});
    if (f.draws_left_out == one.draws.rows() % 2) {
      largest = std::max(largest, relative_difference(f.rhat_split, full.rhat_split));
    }
  }
  return largest;
}

/// tau of means of `length` draws of AR(1): length Var(mean) / Var(x).
double time_of_means(double a, double length) {
  return (1 + a) / (1 - a) - 2 * a * (1 - std::pow(a, length)) / (length * (1 - a) * (1 - a));
}

/// tau by batch means of AR(1), the mean of 50 runs, against what is expected of it.
template <class Chain, class Together>
double ratio_of_batch_means(Together together) {
  constexpr double a = 0.95;
  constexpr Index n = 8192, m = 4, repeats = 50;
  double sum = 0, length = 0, count = 0;
  for (Index r = 0; r < repeats; ++r) {
    const auto chains = running<Chain>(ar1_chains(n, m, a, static_cast<std::uint64_t>(r) + 1), 8);
    length = static_cast<double>(chains.front().batch_length());
    count = static_cast<double>(chains.front().batches().size()) * m;
    const auto f = together(chains);
    CHECK(f.by_batch_means);
    sum += f.autocorrelation_time / repeats;
  }
  const double of_all = time_of_means(a, n) / static_cast<double>(n * m);
  const double spread = count / (count - 1) * (time_of_means(a, length) / length - of_all);
  return sum / (length * spread / (1 - of_all));
}

const auto right = [](const std::vector<RunningChain>& chains) { return running_figures(chains); };

}  // namespace

// Both sum at most 2,000 products, about the first draw here: (m - first)^2 is at most some ten
// variances, so n eps 10 = 4e-12 is lost; y_big_offset has 2.5e-11 (see figures_test.cpp).
TEST_CASE("running figures are those of all draws where both have them") {
  const double largest = largest_difference<RunningChain>(right);
  CHECK(largest <= 1e-10);
  MESSAGE(fmt::format("running against full figures: largest difference {:.2g}", largest));
  for (const DiagnosticCase& one : diagnostic_cases()) {
    CAPTURE(one.name);
    const auto f = running_figures(running(one.draws, std::max<Index>(one.draws.rows(), 2)));
    CHECK(f.flags == without(chain_figures(one.draws).flags, "edge-quantile"));
    CHECK_FALSE(f.by_batch_means);
  }
}

TEST_CASE("a long run whose correlations end within the lags has the effective size of all draws") {
  const Eigen::ArrayXXd x = 3 + ar1_chains(20000, 3, 0.5, 7);
  const auto chains = running(x, 64);
  const auto f = running_figures(chains);
  const CentredChains all(x);
  CHECK_FALSE(f.by_batch_means);
  CHECK(f.ess_mean == doctest::Approx(effective_size(all).size).epsilon(1e-9));
  CHECK(f.rhat_unsplit == doctest::Approx(rhat(all)).epsilon(1e-12));
  CHECK(f.mean == doctest::Approx(x.mean()).epsilon(1e-12));
  CHECK(f.mcse_mean == f.sd / std::sqrt(f.ess_mean));
  // 20,000 = 78 batches of 256 and a rest of 32.
  CHECK(chains.front().batch_length() == 256);
  CHECK(f.draws_left_out == 32);
  const CentredChains halves(split_chains(x.topRows(19968)));
  CHECK(f.rhat_split == doctest::Approx(rhat(halves)).epsilon(1e-12));
}

TEST_CASE("an odd number of batches leaves out the middle one") {
  const Eigen::ArrayXXd x = ar1_chains(1000, 2, 0.5, 3);
  const auto f = running_figures(running(x, 16));
  Eigen::ArrayXXd kept(992, 2);  // of 125 batches of 8
  kept << x.topRows(496), x.bottomRows(496);
  CHECK(f.draws_left_out == 8);
  CHECK(f.rhat_split == doctest::Approx(rhat(CentredChains(split_chains(kept)))).epsilon(1e-12));
}

// tau_L = L Var(mean of L) / Var(x) of AR(1) is a closed form; sums of squares about the mean of
// all take the variance of that mean away from both parts of the ratio. Standard error of one run:
// sqrt(2 / 255) of the batch means, sqrt(2 (1 + a^2) / (1 - a^2) / 32768) = 0.034 of the variance:
// 0.1 together, 0.014 of 50 runs; six of them.
TEST_CASE("batch means of a chain with a long memory have the time of the closed form") {
  const double ratio = ratio_of_batch_means<RunningChain>(right);
  CHECK(std::abs(ratio - 1) <= 0.085);
  MESSAGE(fmt::format("time by batch means / expected: {:.4f}", ratio));
}

TEST_CASE("wrong running figures are refused") {
  CHECK(largest_difference<planted::DI25::RunningChain>(
            [](const auto& chains) { return planted::DI25::running_figures(chains); }) > 1e-3);
  CHECK(largest_difference<planted::DI26::RunningChain>(
            [](const auto& chains) { return planted::DI26::running_figures(chains); }) > 1e-3);
  CHECK(largest_difference<planted::DI27::RunningChain>(
            [](const auto& chains) { return planted::DI27::running_figures(chains); }) > 1e-3);
  CHECK(std::abs(ratio_of_batch_means<planted::DI28::RunningChain>(
                     [](const auto& chains) { return planted::DI28::running_figures(chains); }) -
                 1) > 0.085);
}

TEST_CASE("running chains take no memory as they run") {
  RunningChain chain;
  const AllocationCounter counter;
  for (int i = 0; i < 100000; ++i) {
    chain.add(std::sin(static_cast<double>(i)));
  }
  CHECK(counter.count() == 0);
}

TEST_CASE("running figures that cannot be had, and chains that do not go together") {
  CHECK(running_figures({}).flags == std::vector<std::string>{"too-short"});
  CHECK(running_figures(std::vector<RunningChain>(3)).flags ==
        std::vector<std::string>{"too-short"});
  std::vector<RunningChain> chains(2);
  chains[0].add(1);
  CHECK_THROWS_AS(running_figures(chains), UsageError);
  chains[1].add(std::numeric_limits<double>::infinity());
  CHECK(running_figures(chains).flags == std::vector<std::string>{"non-finite"});
  CHECK(std::isnan(running_figures(chains).mean));
  CHECK_THROWS_AS(running_figures(std::vector{RunningChain(4), RunningChain(8)}), UsageError);
  CHECK_THROWS_AS(RunningChain(1), UsageError);
  CHECK_THROWS_AS(RunningChain(8, 1), UsageError);
}
