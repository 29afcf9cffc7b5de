#include "negphase/diagnostics/sampler_figures.hpp"

#include <cmath>

namespace negphase {

namespace {

using Eigen::ArrayXXd;
using Eigen::Index;

double jump_of(const ChainDraws& draws) {
  const Index n = draws.num_draws(), chains = draws.num_chains();
  double sum = 0;
  Index moving = 0;
  for (Index j = 0; n > 1 && j < draws.num_quantities(); ++j) {
    const ArrayXXd x = draws.quantity(j);
    const double variance = (x - x.mean()).square().sum() / static_cast<double>(x.size() - 1);
    if (!std::isfinite(variance) || variance == 0) {
      continue;
    }
    const double squares = (x.bottomRows(n - 1) - x.topRows(n - 1)).square().sum();
    sum += squares / static_cast<double>((n - 1) * chains) / (2 * variance);
    ++moving;
  }
  return moving > 0 ? sum / static_cast<double>(moving) : SamplerFigures::none;
}

std::vector<double> ebfmi_of(const ArrayXXd& energy) {
  std::vector<double> all;
  for (const auto chain : energy.colwise()) {
    const Index n = chain.size();
    const double squares =
        n > 1 ? (chain.tail(n - 1) - chain.head(n - 1)).square().sum() : SamplerFigures::none;
    all.push_back(squares / (chain - chain.mean()).square().sum());
  }
  return all;
}

}  // namespace

SamplerFigures sampler_figures(const ChainDraws& draws, const SamplerFacts& facts) {
  SamplerFigures f;
  f.jump = jump_of(draws);
  f.acceptance = facts.acceptance;
  if (const ArrayXXd acceptance = draws.sampler_statistic("accept_stat__"); acceptance.size() > 0) {
    f.acceptance = acceptance.mean();
  }
  f.ebfmi = ebfmi_of(draws.sampler_statistic("energy__"));
  f.divergent = (draws.sampler_statistic("divergent__") > 0).count();
  if (const ArrayXXd depth = draws.sampler_statistic("treedepth__"); depth.size() > 0) {
    f.at_most_depth = (depth >= facts.most_treedepth).cast<double>().mean();
  }
  return f;
}

}  // namespace negphase
