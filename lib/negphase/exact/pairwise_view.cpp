#include "negphase/exact/pairwise_view.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace negphase {

namespace {

/// Whether every parameter is that of a coupling or of a linear term.
bool covers_params(const PairwiseView& view, Index num_params) {
  std::vector<char> seen(static_cast<std::size_t>(num_params), 0);
  bool all_known = true;
  const auto see = [&](Index param) {
    if (param < 0) {
      all_known = false;
    } else {
      seen[static_cast<std::size_t>(param)] = 1;
    }
  };
  for (const PairwiseView::Coupling& c : view.couplings) {
    see(c.param);
  }
  for (const Index param : view.linear_param) {
    see(param);
  }
  return all_known && std::find(seen.begin(), seen.end(), 0) == seen.end();
}

}  // namespace

bool has_whole_pairwise_view(const AnyEnergy<double>& energy) {
  const std::span<const Column> columns = energy.columns();
  const bool binary = std::all_of(columns.begin(), columns.end(),
                                  [](const Column& c) { return c.num_states == 2; });
  if (!energy.can(Ability::pairwise) || !binary || columns.empty()) {
    return false;
  }
  const PairwiseView view = energy.pairwise();
  double total = view.linear.abs().rowwise().sum().maxCoeff();
  for (const PairwiseView::Coupling& c : view.couplings) {
    total += std::abs(c.weight);
  }
  // NaN and infinity are the generic walk's to refuse: it names the state
  return std::isfinite(total) &&
         (!energy.can(Ability::param_grad) || covers_params(view, energy.num_params()));
}

double pairwise_constant(const AnyEnergy<double>& energy, const PairwiseView& view) {
  const auto n = static_cast<Index>(energy.columns().size());
  Block<double> s(1, n);
  for (Index j = 0; j < n; ++j) {
    s(0, j) = state_code(energy.columns()[static_cast<std::size_t>(j)], 0);
  }
  PerChain constant(1);
  energy.energy(s, constant);
  constant += (view.linear.row(0) * s.row(0)).sum();
  for (const PairwiseView::Coupling& c : view.couplings) {
    constant += c.weight * s(0, c.first) * s(0, c.second);
  }
  return constant[0];
}

}  // namespace negphase
