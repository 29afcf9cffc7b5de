#include "negphase/diagnostics/chain_curves.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "negphase/diagnostics/autocovariance.hpp"
#include "negphase/diagnostics/effective_size.hpp"
#include "negphase/diagnostics/figures.hpp"

namespace negphase {
namespace {

using Eigen::Index;
using Draws = Eigen::Ref<const Eigen::ArrayXXd>;

// Smallest and largest of some draws, in the order of the chain; a NaN hides neither.
std::pair<double, double> extremes(const Eigen::Ref<const Eigen::ArrayXd>& some) {
  Index least = 0, largest = 0;
  for (Index i = 1; i < some.size(); ++i) {
    least = some[i] < some[least] || std::isnan(some[least]) ? i : least;
    largest = some[i] > some[largest] || std::isnan(some[largest]) ? i : largest;
  }
  return {some[std::min(least, largest)], some[std::max(least, largest)]};
}

// Over the chains that move. [lags]
Eigen::ArrayXd mean_of_finite(const Eigen::ArrayXXd& of_chain) {
  const auto finite = of_chain.isFinite();
  const Eigen::ArrayXd sum = finite.select(of_chain, 0.0).rowwise().sum();
  return sum / static_cast<double>(finite.row(0).count());
}

// The first even lag that begins a pair whose sum is not above 0; where there is none, lags.
Index cut_of(const Eigen::ArrayXd& rho) {
  Index t = 0;
  while (t + 1 < rho.size() && rho[t] + rho[t + 1] > 0) {
    t += 2;
  }
  return t + 1 < rho.size() ? t : rho.size();
}

double median_of_finite(const Eigen::ArrayXd& values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  const auto middle = finite.begin() + static_cast<Index>(finite.size() / 2);
  std::nth_element(finite.begin(), middle, finite.end());
  return *middle;
}

Eigen::ArrayXd density(const Eigen::Ref<const Eigen::ArrayXXd>& values, double low, double width,
                       Index bins) {
  Eigen::ArrayXd heights = Eigen::ArrayXd::Zero(bins);
  const double each = 1.0 / (static_cast<double>(values.size()) * width);
  for (const double value : values.reshaped()) {
    const auto bin = static_cast<Index>((value - low) / width);
    heights[std::clamp(bin, Index{0}, bins - 1)] += each;
  }
  return heights;
}

}  // namespace

Trace trace_of(const Draws& draws, Index most) {
  Trace made;
  if (draws.rows() <= most) {
    made.values = draws;
    return made;
  }
  const Index pairs = most / 2;
  made.every = (draws.rows() + 2 * pairs - 1) / (2 * pairs);
  const Index width = 2 * made.every, used = (draws.rows() + width - 1) / width;
  made.values.resize(2 * used, draws.cols());
  for (Index c = 0; c < draws.cols(); ++c) {
    for (Index i = 0; i < used; ++i) {
      const Index size = std::min(width, draws.rows() - i * width);
      std::tie(made.values(2 * i, c), made.values(2 * i + 1, c)) =
          extremes(draws.col(c).segment(i * width, size));
    }
  }
  return made;
}

AutocorrelationCurve autocorrelation_curve(const Draws& draws, Index most) {
  AutocorrelationCurve curve;
  if (draws.rows() < 4 || !draws.allFinite()) {
    return curve;
  }
  constexpr Index least = 20;
  const Index last = std::min(most, draws.rows() - 1);
  for (Index lags = std::min(Index{64}, last); !curve.is_cut; lags = std::min(4 * lags, last)) {
    const Eigen::ArrayXXd sums = autocovariances(draws, lags);
    if (!(sums.row(0) > 0).any()) {
      return curve;
    }
    curve.of_chain = sums.rowwise() / sums.row(0);  // 0 / 0 of a chain that never moves
    curve.mean = mean_of_finite(curve.of_chain);
    curve.cut = cut_of(curve.mean);
    curve.is_cut = 2 * curve.cut <= lags;
    if (lags == last) {
      break;
    }
  }
  curve.is_cut = curve.cut < curve.mean.size();
  const Index kept = std::min(curve.mean.size(), std::max(least, 2 * curve.cut) + 1);
  curve.of_chain.conservativeResize(kept, Eigen::NoChange);
  curve.mean.conservativeResize(kept);
  curve.times.resize(draws.cols());
  for (Index c = 0; c < draws.cols(); ++c) {
    const bool moves = std::isfinite(curve.of_chain(0, c));
    curve.times[c] = moves ? std::max(1.0, effective_size(CentredChains(draws.col(c))).time)
                           : std::numeric_limits<double>::quiet_NaN();
  }
  curve.typical_time = median_of_finite(curve.times);
  return curve;
}

GrowthCurve growth_curve(const Draws& draws, Index points) {
  const Index size = std::min(points, draws.rows());
  GrowthCurve curve;
  for (Eigen::ArrayXd* column : {&curve.mean, &curve.mcse, &curve.ess_bulk, &curve.ess_tail}) {
    column->resize(size);
  }
  curve.chain_means.resize(size, draws.cols());
  for (Index i = 0; i < size; ++i) {
    const Index n = draws.rows() * (i + 1) / size;
    const ChainFigures figures = chain_figures(draws.topRows(n));
    curve.draws.push_back(n);
    curve.mean[i] = figures.mean;
    curve.mcse[i] = figures.mcse_mean;
    curve.ess_bulk[i] = figures.ess_bulk;
    curve.ess_tail[i] = figures.ess_tail;
    curve.chain_means.row(i) = draws.topRows(n).colwise().mean();
  }
  return curve;
}

EnergyHistogram energy_histogram(const Draws& energies, bool with_changes, Index bins) {
  EnergyHistogram made;
  const Index n = energies.rows();
  if (n < 2 || energies.cols() == 0 || !energies.allFinite()) {
    return made;
  }
  made.mean = energies.mean();
  const Eigen::ArrayXXd marginal = energies - made.mean;
  const Eigen::ArrayXXd changes = energies.bottomRows(n - 1) - energies.topRows(n - 1);
  const double low =
      with_changes ? std::min(marginal.minCoeff(), changes.minCoeff()) : marginal.minCoeff();
  const double high =
      with_changes ? std::max(marginal.maxCoeff(), changes.maxCoeff()) : marginal.maxCoeff();
  const double width = (high - low) / static_cast<double>(bins);
  if (!(width > 0) || !std::isfinite(width)) {
    return made;
  }
  made.edges = Eigen::ArrayXd::LinSpaced(bins + 1, low, high);
  made.marginal = density(marginal, low, width, bins);
  if (with_changes) {
    made.changes = density(changes, low, width, bins);
  }
  return made;
}

}  // namespace negphase
