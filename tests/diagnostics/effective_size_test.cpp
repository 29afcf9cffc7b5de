#include "negphase/diagnostics/effective_size.hpp"

#include <doctest/doctest.h>

using namespace negphase;

namespace {

/// Of one chain of n draws with autocorrelations rho_0 = 1, rho_1, ..., 0 after the last: an
/// autocovariance of which W - acov_t = 1 - rho_t with var+ = 1.
EffectiveSize size_of(Index n, const std::vector<double>& rho, Index* asked_for = nullptr) {
  const double within = static_cast<double>(n) / static_cast<double>(n - 1);
  return effective_size(n, 1, 0, [&](Index lag) {
    if (asked_for != nullptr) {
      *asked_for = lag;
    }
    const auto t = static_cast<std::size_t>(lag);
    return lag == 0 ? 1 : within - 1 + (t < rho.size() ? rho[t] : 0.0);
  });
}

}  // namespace

// tau by hand: -1 + 2 (P_0 + P_1 + ...) + rho_T.
TEST_CASE("Geyer's sequence, step by step") {
  Index last = 0;
  // Pairs 1.5, 0.5, then -0.3: T = 4, whose rho is negative.
  CHECK(size_of(100, {1, 0.5, 0.3, 0.2, -0.1, -0.2}, &last).time == doctest::Approx(3));
  CHECK(last == 5);
  // The last pair is negative, but its first half is not: 0.05 counts once.
  CHECK(size_of(100, {1, 0.5, 0.3, 0.2, 0.05, -0.2}).time == doctest::Approx(3.05));
  // A pair of 0.6 above one of 0.5 counts 0.5; 0 ends the sequence, and is kept.
  CHECK(size_of(100, {1, 0.5, 0.3, 0.2, 0.4, 0.2, 0, 0}).time == doctest::Approx(4));
  // The chain ends first: pairs are looked at while 2k < n - 5, so that lags 4 and 5 are not; the
  // last pair that was, 0.3 and 0.2, gives its first half.
  CHECK(size_of(7, {1, 0.5, 0.3, 0.2, 0.1, 0.1}, &last).time == doctest::Approx(2.3));
  CHECK(last == 3);
}

TEST_CASE("an effective size is at most S log10 S, and says when it was") {
  const EffectiveSize size = size_of(100, {1, -0.9, 0.8, -0.75, 0.7, -0.7});
  // Pairs 0.1, 0.05, 0: -1 + 2 * 0.15 + 0.7 = 0; least 1 / log10(100) = 0.5.
  CHECK(size.capped);
  CHECK(size.time == 0.5);
  CHECK(size.size == 200);
  CHECK_FALSE(size_of(100, {1, 0, 0, 0}).capped);
  // Draws that change sign each time: no pair at all, tau = -1 + rho_0 = 0.
  Eigen::ArrayXXd x(40, 2);
  for (Index i = 0; i < x.rows(); ++i) {
    x.row(i) = i % 2 == 0 ? 1 : -1;
  }
  const EffectiveSize alternating = effective_size(CentredChains(x));
  CHECK(alternating.capped);
  CHECK(alternating.size == doctest::Approx(80 * std::log10(80)));
}

TEST_CASE("what does not vary has no effective size") {
  CHECK(std::isnan(effective_size(CentredChains(Eigen::ArrayXXd::Constant(20, 2, 0.1))).size));
}
