#include "negphase/diagnostics/scores.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "negphase/core/error.hpp"

namespace negphase {
namespace {

constexpr Index width = default_block_width;

// rows first .. first + width - 1, the last one again where there are no more
Block<double> block_of(const Eigen::ArrayXXd& draws, Index first) {
  const Index live = std::min(width, draws.rows() - first);
  Block<double> block(width, draws.cols());
  block.topRows(live) = draws.middleRows(first, live);
  block.bottomRows(width - live).rowwise() = draws.row(first + live - 1);
  return block;
}

void require_finite(const PerChain& energy, const Eigen::ArrayXXd& scores, Index first) {
  for (Index i = 0; i < scores.rows(); ++i) {
    if (!std::isfinite(energy[i]) || !scores.row(i).isFinite().all()) {
      throw ModelError("draw " + std::to_string(first + i + 1) +
                       " has E = " + std::to_string(energy[i]) +
                       ", or a slope or ratio of probabilities there is not finite: the draws are "
                       "hardly of this model at this beta");
    }
  }
}

// E(y with one column moved to its next state) - E(y)
PerChain change_to_next(const AnyEnergy<double>& energy, const Block<double>& y,
                        const PerChain& at_y, Index column) {
  const Column& kind = energy.columns()[static_cast<std::size_t>(column)];
  Lane<double> next(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    next[c] = state_code(kind, (state_index(kind, y(c, column)) + 1) % kind.num_states);
  }
  PerChain change(y.rows());
  if (energy.can(Ability::energy_change)) {
    energy.energy_change(y, column, next, change);
  } else {
    Block<double> moved = y;
    moved.col(column) = next;
    energy.energy(moved, change);
    change -= at_y;
  }
  return change;
}

}  // namespace

Eigen::ArrayXXd scores(const BindChains& bind, double beta, const Eigen::ArrayXXd& draws) {
  const AnyEnergy<double> energy = bind(width);
  Eigen::ArrayXXd all(draws.rows(), draws.cols());
  PerChain at_y(width);
  Block<double> grad(width, draws.cols());
  for (Index first = 0; first < draws.rows(); first += width) {
    energy.energy_and_grad(block_of(draws, first), at_y, grad);
    auto part = all.middleRows(first, std::min(width, draws.rows() - first));
    part = -beta * grad.topRows(part.rows());
    require_finite(at_y, part, first);
  }
  return all;
}

Eigen::ArrayXXd score_differences(const BindChains& bind, double beta,
                                  const Eigen::ArrayXXd& draws) {
  const AnyEnergy<double> energy = bind(width);
  for (const Column& column : energy.columns()) {
    if (column.num_states < 1) {
      throw UsageError("ratios of neighbouring states need columns of finitely many states");
    }
  }
  Eigen::ArrayXXd all(draws.rows(), draws.cols());
  PerChain at_y(width);
  for (Index first = 0; first < draws.rows(); first += width) {
    const Block<double> y = block_of(draws, first);
    energy.energy(y, at_y);
    auto part = all.middleRows(first, std::min(width, draws.rows() - first));
    for (Index c = 0; c < draws.cols(); ++c) {
      // beta 0 makes every ratio 1 but that of a forbidden state, which is 0 at any beta
      const PerChain change = change_to_next(energy, y, at_y, c);
      const auto ratio = (change == INFINITY).select(PerChain::Zero(width), (-beta * change).exp());
      part.col(c) = 1 - ratio.head(part.rows());
    }
    require_finite(at_y, part, first);
  }
  return all;
}

}  // namespace negphase
