#include "negphase/diagnostics/chain_curves.hpp"

#include <doctest/doctest.h>

#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <limits>

#include "negphase/diagnostics/figures.hpp"
#include "negphase/random/stream_engine.hpp"
#include "planted/PI4.hpp"
#include "planted/PI5.hpp"
#include "planted/PI6.hpp"
#include "planted/PI7.hpp"

// How these tests can fail: an excursion that a thinned trace does not show, an autocorrelation of
// another lag or chain, a curve of growth that looks ahead or at another end, changes of the
// energy from one chain to the next, densities that do not add up to 1.

namespace {

using namespace negphase;
using Eigen::ArrayXd;
using Eigen::ArrayXXd;

constexpr double rounding = std::numeric_limits<double>::epsilon();

ArrayXXd normals(Index draws, Index chains, std::uint64_t seed) {
  ArrayXXd x(draws, chains);
  for (Index c = 0; c < chains; ++c) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(c), 0, Purpose::start);
    boost::random::normal_distribution<double> normal;
    for (double& value : x.col(c)) {
      value = normal(engine);
    }
  }
  return x;
}

/// x_t = a x_{t-1} + normal
ArrayXXd ar_chains(Index draws, Index chains, double a, std::uint64_t seed) {
  ArrayXXd x = normals(draws, chains, seed);
  for (Index i = 1; i < draws; ++i) {
    x.row(i) += a * x.row(i - 1);
  }
  return x;
}

template <class Made>
bool keeps_excursions(const Made& trace, const ArrayXXd& draws) {
  return (trace.values.colwise().minCoeff() == draws.colwise().minCoeff()).all() &&
         (trace.values.colwise().maxCoeff() == draws.colwise().maxCoeff()).all();
}

double direct_autocorrelation(const ArrayXd& x, Index lag) {
  const ArrayXd d = x - x.mean();
  double sum = 0;
  for (Index i = 0; i + lag < x.size(); ++i) {
    sum += d[i] * d[i + lag];
  }
  return sum / d.square().sum();
}

}  // namespace

TEST_CASE("trace: every draw where there is room, else the extremes of equal stretches") {
  const ArrayXXd x = normals(37, 3, 1);
  const Trace all = trace_of(x, 37);
  CHECK(all.every == 1);
  CHECK((all.values == x).all());

  ArrayXXd ten(10, 1);
  ten << 5, 1, 9, 3, 4, 2, 0, 7, 6, 8;
  const Trace some = trace_of(ten, 4);  // stretches of 6 and of 4
  CHECK(some.every == 3);
  ArrayXXd expected(4, 1);
  expected << 1, 9, 0, 8;
  CHECK((some.values == expected).all());
  ten.reverseInPlace();  // 8, 6, 7, 0, 2, 4 and 3, 9, 1, 5
  expected << 8, 0, 9, 1;
  CHECK((trace_of(ten, 4).values == expected).all());

  for (const Index n : {11, 100, 999, 1000, 1001}) {
    for (const Index most : {2, 7, 10, 500}) {
      const ArrayXXd long_chains = normals(n, 2, 7);
      const Trace made = trace_of(long_chains, most);
      CAPTURE(n);
      CAPTURE(most);
      CHECK(made.values.rows() <= most);
      CHECK(keeps_excursions(made, long_chains));
    }
  }
  CHECK_FALSE(
      keeps_excursions(planted::PI4::trace_of(normals(1000, 2, 7), 10), normals(1000, 2, 7)));
}

TEST_CASE("autocorrelation: as the sums say, of each chain and in the mean of those that move") {
  ArrayXXd x = ar_chains(300, 3, 0.5, 2);
  x.col(1).setConstant(0.1);
  const AutocorrelationCurve curve = autocorrelation_curve(x);
  REQUIRE(curve.mean.size() >= 21);
  CHECK(curve.of_chain.col(1).isNaN().all());
  CHECK(std::isnan(curve.times[1]));
  // sums of 300 products of size 1 about a mean: some 300 roundings each
  const double tolerance = 300 * 4 * rounding;
  for (Index t = 0; t < curve.mean.size(); ++t) {
    const double first = direct_autocorrelation(x.col(0), t);
    const double last = direct_autocorrelation(x.col(2), t);
    CHECK(std::abs(curve.of_chain(t, 0) - first) <= tolerance);
    CHECK(std::abs(curve.of_chain(t, 2) - last) <= tolerance);
    CHECK(std::abs(curve.mean[t] - (first + last) / 2) <= tolerance);
  }
  REQUIRE(curve.is_cut);
  CHECK(curve.cut % 2 == 0);
  for (Index t = 0; t < curve.cut; t += 2) {
    CHECK(curve.mean[t] + curve.mean[t + 1] > 0);
  }
  CHECK(curve.mean[curve.cut] + curve.mean[curve.cut + 1] <= 0);
  CHECK(curve.mean.size() == std::max<Index>(20, 2 * curve.cut) + 1);
  CHECK(planted::PI5::autocorrelation_curve(x).mean[0] != 1);  // it counts the chain that stands
}

TEST_CASE("autocorrelation: chains that never forget within the run, and nothing to look at") {
  ArrayXXd line(400, 2);  // two lines that rise: rho falls through 0 at about 0.3 n, beyond 64 lags
  line.col(0) = ArrayXd::LinSpaced(400, 0, 1);
  line.col(1) = line.col(0);
  const AutocorrelationCurve rising = autocorrelation_curve(line);
  CHECK(rising.is_cut);
  CHECK(rising.cut > 100);
  CHECK(rising.typical_time > 50);
  const AutocorrelationCurve short_look = autocorrelation_curve(line, 50);
  CHECK_FALSE(short_look.is_cut);
  CHECK(short_look.mean.size() == 51);
  CHECK(autocorrelation_curve(ArrayXXd::Constant(50, 2, 1.0)).mean.size() == 0);
  CHECK(autocorrelation_curve(normals(3, 2, 1)).mean.size() == 0);
  ArrayXXd broken = normals(30, 2, 1);
  broken(4, 1) = NAN;
  CHECK(autocorrelation_curve(broken).mean.size() == 0);
}

namespace {

// The figures of the first draws[i] draws, for each i.
template <class Made>
bool is_of_first_draws(const Made& curve, const ArrayXXd& x) {
  bool right = curve.draws.back() == x.rows();
  for (std::size_t k = 0; k < curve.draws.size(); ++k) {
    const auto i = static_cast<Index>(k);
    const ChainFigures figures = chain_figures(x.topRows(curve.draws[k]));
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    right = right && same(curve.mean[i], figures.mean) && same(curve.mcse[i], figures.mcse_mean) &&
            same(curve.ess_bulk[i], figures.ess_bulk) && same(curve.ess_tail[i], figures.ess_tail);
  }
  return right;
}

}  // namespace

TEST_CASE("growth: the figures of the first draws, at even steps") {
  const ArrayXXd x = ar_chains(237, 4, 0.3, 3);
  const GrowthCurve curve = growth_curve(x);
  REQUIRE(curve.draws.size() == 20);
  CHECK(curve.draws[0] == 11);  // 237 / 20
  CHECK(is_of_first_draws(curve, x));
  CHECK(std::isnan(curve.ess_bulk[0]));  // fewer than 12 draws tell none
  CHECK(curve.ess_bulk[19] > 100);
  CHECK((curve.chain_means.row(19) == x.colwise().mean()).all());
  CHECK((curve.chain_means.row(9) == x.topRows(118).colwise().mean()).all());
  CHECK(growth_curve(x.topRows(3)).draws == std::vector<Index>{1, 2, 3});
  CHECK_FALSE(is_of_first_draws(planted::PI6::growth_curve(x), x));
}

namespace {

// Two chains far apart that hardly change.
ArrayXXd two_levels() {
  ArrayXXd energies(3, 2);
  energies << 0, 10, 1, 10, 3, 12;
  return energies;
}

/// Of the four changes 1, 2, 0, 2 all lie within the chains: none is as large as 7.
template <class Made>
bool changes_stay_in_their_chain(const Made& h) {
  const Index bins = h.changes.size();
  for (Index b = 0; b < bins; ++b) {
    if (std::abs(h.edges[b]) > 4 && std::abs(h.edges[b + 1]) > 4 && h.changes[b] > 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("energy histogram: energies about their mean and changes within chains, both of area 1") {
  const EnergyHistogram h = energy_histogram(two_levels(), true, 40);
  CHECK(h.mean == 6);
  CHECK(h.edges[0] == -6);
  CHECK(h.edges[40] == 6);
  const double width = 12.0 / 40;
  CHECK(h.marginal.sum() * width == doctest::Approx(1).epsilon(1e-14));
  CHECK(h.changes.sum() * width == doctest::Approx(1).epsilon(1e-14));
  CHECK(h.marginal[0] == doctest::Approx(1.0 / 6 / width).epsilon(1e-14));
  CHECK(changes_stay_in_their_chain(h));
  CHECK_FALSE(changes_stay_in_their_chain(planted::PI7::energy_histogram(two_levels(), true, 40)));
  const EnergyHistogram plain = energy_histogram(two_levels(), false);
  CHECK(plain.changes.size() == 0);
  CHECK(plain.marginal.size() == 40);
  CHECK(energy_histogram(ArrayXXd::Constant(5, 2, 3.0), true).edges.size() == 0);
  CHECK(energy_histogram(ArrayXXd(0, 0), true).edges.size() == 0);
  ArrayXXd broken = two_levels();
  broken(1, 1) = INFINITY;
  CHECK(energy_histogram(broken, true).edges.size() == 0);
}
