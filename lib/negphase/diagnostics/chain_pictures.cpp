#include "negphase/diagnostics/chain_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "negphase/diagnostics/verdict.hpp"

namespace negphase {
namespace {

using Eigen::Index;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr const char* log_density = "lp__";

std::vector<Index> numbers_to(Index size) {
  std::vector<Index> all(static_cast<std::size_t>(size));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

std::vector<Index> first_of(std::vector<Index> all, Index most) {
  all.resize(static_cast<std::size_t>(std::min(most, static_cast<Index>(all.size()))));
  return all;
}

double median(Eigen::ArrayXd values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// How far each chain stands from the others in one quantity; infinite where it alone stands still.
Eigen::ArrayXd oddness(const Eigen::ArrayXXd& draws) {
  const Eigen::ArrayXd means = draws.colwise().mean().transpose();
  const Eigen::ArrayXd squares =
      (draws.rowwise() - means.transpose()).square().colwise().mean().transpose();
  if (!draws.allFinite() || squares.maxCoeff() <= 0) {
    return Eigen::ArrayXd::Zero(draws.cols());
  }
  Eigen::ArrayXd odd = (means - median(means)).abs() / std::sqrt(squares.mean());
  for (Index c = 0; c < draws.cols(); ++c) {
    odd[c] = (draws.col(c) == draws(0, c)).all() ? infinity : odd[c];
  }
  return odd;
}

template <class Rows>
Rows kept_columns(const Rows& all, const std::vector<Index>& chains) {
  return all.cols() == 0 ? all : Rows(all(Eigen::indexing::all, chains));
}

GrowthCurve affordable_growth(const Eigen::ArrayXXd& draws, double most, Index& chains) {
  constexpr Index fewest = 10, usual = 20;
  const double all = static_cast<double>(draws.size());
  const auto points =
      static_cast<Index>(std::clamp(2 * most / std::max(all, 1.0), double{fewest}, double{usual}));
  const double share = std::min(1.0, 2 * most / (fewest * std::max(all, 1.0)));
  chains = std::max<Index>(1, static_cast<Index>(share * static_cast<double>(draws.cols())));
  return growth_curve(draws.leftCols(chains), points);
}

QuantityPictures pictures_of(const Eigen::ArrayXXd& draws, const std::vector<Index>& chains,
                             const ChainPictureLimits& limits) {
  QuantityPictures made;
  const Index shown = std::max<Index>(1, static_cast<Index>(chains.size()));
  const Index points = std::clamp(limits.quantity_points / shown,
                                  std::min<Index>(50, limits.trace_points), limits.trace_points);
  made.trace = trace_of(kept_columns(draws, chains), points);
  made.autocorrelation = autocorrelation_curve(draws);
  made.ranks = rank_histogram(draws, made.autocorrelation.typical_time);
  made.growth = affordable_growth(draws, limits.growth_draws, made.growth_chains);
  if (made.autocorrelation.times.size() > 0) {
    made.autocorrelation.times = Eigen::ArrayXd(made.autocorrelation.times(chains));
  }
  made.autocorrelation.of_chain = kept_columns(made.autocorrelation.of_chain, chains);
  made.ranks.counts = kept_columns(made.ranks.counts, chains);
  std::vector<Index> grown;
  std::copy_if(chains.begin(), chains.end(), std::back_inserter(grown),
               [&](Index c) { return c < made.growth_chains; });
  made.growth.chain_means = kept_columns(made.growth.chain_means, grown);
  return made;
}

// Every k-th of the places, so that no more than `most` are left.
template <class Places>
Places thinned(const Places& all, Index most) {
  const auto every = (static_cast<Index>(all.size()) + most - 1) / std::max<Index>(1, most);
  Places some;
  for (std::size_t i = 0; i < all.size();
       i += static_cast<std::size_t>(std::max<Index>(1, every))) {
    some.push_back(all[i]);
  }
  return some;
}

PairPlot pair_of(const ChainDraws& draws, Index x, Index y, Index most) {
  PairPlot pair;
  pair.x_name = draws.names[static_cast<std::size_t>(x)];
  pair.y_name = draws.names[static_cast<std::size_t>(y)];
  const Eigen::ArrayXXd xs = draws.quantity(x), ys = draws.quantity(y);
  const Eigen::ArrayXXd divergent = draws.sampler_statistic("divergent__");
  std::vector<Index> ordinary, diverged;
  for (Index i = 0; i < xs.size(); ++i) {
    const bool known = divergent.cols() > 0 && divergent.reshaped()[i] > 0;
    (known ? diverged : ordinary).push_back(i);
  }
  pair.num_diverged = static_cast<Index>(diverged.size());
  const std::vector<Index> marked = thinned(diverged, most / 2);
  std::vector<Index> places = thinned(ordinary, most - static_cast<Index>(marked.size()));
  const std::size_t from = places.size();
  places.insert(places.end(), marked.begin(), marked.end());
  for (std::size_t k = 0; k < places.size(); ++k) {
    pair.x.push_back(xs.reshaped()[places[k]]);
    pair.y.push_back(ys.reshaped()[places[k]]);
    pair.chain.push_back(places[k] / xs.rows());
    pair.diverged.push_back(k >= from);
  }
  return pair;
}

void add_energy(const ChainDraws& draws, ChainPictures& made) {
  for (const char* name : {"energy__", log_density}) {
    const Eigen::ArrayXXd values = draws.sampler_statistic(name);
    if (values.cols() > 0 && made.energy_name.empty()) {
      made.energy = energy_histogram(values, name != log_density);
      made.energy_name = name;
    }
  }
}

}  // namespace

std::vector<Index> oddest_first(const ChainDraws& draws, const std::vector<Index>& quantities) {
  Eigen::ArrayXd odd = Eigen::ArrayXd::Zero(draws.num_chains());
  for (const Index j : quantities) {
    odd = odd.max(oddness(draws.quantity(j)));
  }
  std::vector<Index> order = numbers_to(draws.num_chains());
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return odd[a] > odd[b]; });
  return order;
}

ChainPictures chain_pictures(const ChainDraws& draws, const std::vector<ChainFigures>& figures,
                             const Executor& executor, const ChainPictureLimits& limits) {
  ChainPictures made;
  made.num_chains = draws.num_chains();
  made.num_draws = draws.num_draws();
  made.num_quantities = draws.num_quantities();
  if (made.num_draws == 0) {
    return made;
  }
  const std::vector<Index> worst =
      worst_quantities(figures, static_cast<std::size_t>(limits.quantities));
  made.chains = first_of(oddest_first(draws, worst), limits.chains);
  std::sort(made.chains.begin(), made.chains.end());
  const Eigen::ArrayXXd lp = draws.sampler_statistic(log_density);
  const auto count = static_cast<Index>(worst.size()) + (lp.cols() > 0 ? 1 : 0);
  made.quantities = executor.map<QuantityPictures>(count, [&](Index i) {
    const bool is_lp = i == static_cast<Index>(worst.size());
    const Index j = is_lp ? 0 : worst[static_cast<std::size_t>(i)];
    const Eigen::ArrayXXd values = is_lp ? lp : draws.quantity(j);
    QuantityPictures of = pictures_of(values, made.chains, limits);
    of.name = is_lp ? log_density : draws.names[static_cast<std::size_t>(j)];
    of.figures = chain_figures(values);
    return of;
  });
  add_energy(draws, made);
  if (worst.size() > 1) {
    made.pair = pair_of(draws, worst[0], worst[1], limits.pair_points);
  }
  return made;
}

}  // namespace negphase
