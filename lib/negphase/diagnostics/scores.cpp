#include "negphase/diagnostics/scores.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "negphase/core/column_change.hpp"
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

// E(y with one column moved on by `steps` states, the last followed by the first) - E(y)
PerChain change_by(Index steps, const AnyEnergy<double>& energy, const Block<double>& y,
                   const PerChain& at_y, Index column) {
  const Column& kind = energy.columns()[static_cast<std::size_t>(column)];
  Lane<double> moved_to(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    moved_to[c] = state_code(kind, (state_index(kind, y(c, column)) + steps) % kind.num_states);
  }
  return column_change(energy, y, at_y, column, moved_to);
}

// exp(-beta change); 0 for a forbidden state at any beta, 0 included
PerChain ratio(double beta, const PerChain& change) {
  return (change == INFINITY).select(PerChain::Zero(change.size()), (-beta * change).exp());
}

Index total_states(const AnyEnergy<double>& energy) {
  Index total = 0;
  for (const Column& column : energy.columns()) {
    if (column.num_states < 1) {
      throw UsageError("probabilities of states need columns of finitely many");
    }
    total += column.num_states;
  }
  return total;
}

// -P(column = v | the others) in column `first` + v of `out`, 1 added where v is drawn
void set_residuals(const AnyEnergy<double>& energy, double beta, const Block<double>& y,
                   const PerChain& at_y, Index column, Eigen::Ref<Eigen::ArrayXXd> out) {
  const Column& kind = energy.columns()[static_cast<std::size_t>(column)];
  Eigen::ArrayXXd changes = Eigen::ArrayXXd::Zero(y.rows(), kind.num_states);  // by steps
  for (Index steps = 1; steps < kind.num_states; ++steps) {
    changes.col(steps) = change_by(steps, energy, y, at_y, column);
  }
  const PerChain least = changes.rowwise().minCoeff();
  Eigen::ArrayXXd weights(y.rows(), kind.num_states);
  for (Index steps = 0; steps < kind.num_states; ++steps) {
    weights.col(steps) = ratio(beta, changes.col(steps) - least);
  }
  const PerChain total = weights.rowwise().sum();
  for (Index i = 0; i < out.rows(); ++i) {
    const Index drawn = state_index(kind, y(i, column));
    for (Index steps = 0; steps < kind.num_states; ++steps) {
      out(i, (drawn + steps) % kind.num_states) =
          (steps == 0 ? 1 : 0) - weights(i, steps) / total[i];
    }
  }
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

Eigen::ArrayXXd conditional_residuals(const BindChains& bind, double beta,
                                      const Eigen::ArrayXXd& draws) {
  const AnyEnergy<double> energy = bind(width);
  Eigen::ArrayXXd all(draws.rows(), total_states(energy));
  PerChain at_y(width);
  for (Index first = 0; first < draws.rows(); first += width) {
    const Block<double> y = block_of(draws, first);
    energy.energy(y, at_y);
    auto part = all.middleRows(first, std::min(width, draws.rows() - first));
    Index place = 0;
    for (Index c = 0; c < draws.cols(); ++c) {
      const Index states = energy.columns()[static_cast<std::size_t>(c)].num_states;
      set_residuals(energy, beta, y, at_y, c, part.middleCols(place, states));
      place += states;
    }
    require_finite(at_y, part, first);
  }
  return all;
}

Eigen::ArrayXXd score_differences(const BindChains& bind, double beta,
                                  const Eigen::ArrayXXd& draws) {
  const AnyEnergy<double> energy = bind(width);
  total_states(energy);
  Eigen::ArrayXXd all(draws.rows(), draws.cols());
  PerChain at_y(width);
  for (Index first = 0; first < draws.rows(); first += width) {
    const Block<double> y = block_of(draws, first);
    energy.energy(y, at_y);
    auto part = all.middleRows(first, std::min(width, draws.rows() - first));
    for (Index c = 0; c < draws.cols(); ++c) {
      part.col(c) = 1 - ratio(beta, change_by(1, energy, y, at_y, c)).head(part.rows());
    }
    require_finite(at_y, part, first);
  }
  return all;
}

}  // namespace negphase
