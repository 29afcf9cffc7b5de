#include "negphase/exact/moment_energy.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "negphase/core/kernel.hpp"

namespace negphase {

namespace {

/// What a wrapper passes on of the abilities of the energy inside.
Abilities passed_on(const AnyEnergy<double>& energy, Abilities known) {
  return energy.abilities() & known;
}

/// sum = (dE/dW, E[y - r], E[(y - r)^2]): adds the weighted sums over a range of chains.
/// @param gradient  work space
void add_sums(const AnyEnergy<double>& energy, const Block<double>& y, ChainRange range,
              const PerChain& weights, const Block<double>& first, const Block<double>& second,
              Eigen::VectorXd& gradient, Eigen::VectorXd& sum) {
  const Index num_params = energy.num_params(), num_y = first.cols();
  if (energy.can(Ability::param_grad)) {
    gradient.setZero(num_params);
    energy.add_param_grad(y, range, weights, gradient);
    sum.head(num_params) += gradient;
  }
  const auto w = weights.segment(range.begin, range.size).matrix();
  sum.segment(num_params, num_y).noalias() +=
      first.middleRows(range.begin, range.size).matrix().transpose() * w;
  sum.tail(num_y).noalias() += second.middleRows(range.begin, range.size).matrix().transpose() * w;
}

}  // namespace

// ---- MomentEnergy

MomentEnergy::MomentEnergy(AnyEnergy<double> energy, Eigen::VectorXd reference)
    : inner_(std::make_shared<const AnyEnergy<double>>(std::move(energy))),
      reference_(std::move(reference)) {}

Abilities MomentEnergy::abilities() const {
  return passed_on(*inner_, Ability::energy_change | Ability::layers | Ability::gaussian) |
         Ability::param_grad;
}

void MomentEnergy::add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                                  Eigen::VectorXd& sum) const {
  first_ = y.leftCols(reference_.size()).rowwise() - reference_.transpose().array();
  second_ = first_.square();
  add_sums(*inner_, y, range, weights, first_, second_, gradient_, sum);
}

// ---- MomentMarginal

MomentMarginal::MomentMarginal(std::shared_ptr<const AnyEnergy<double>> full,
                               Eigen::VectorXd reference, std::span<const Index> summed,
                               double beta)
    : full_(std::move(full)),
      marginal_(full_->summed_out(summed, beta)),
      reference_(std::move(reference)),
      beta_(beta) {
  const auto all = static_cast<Index>(full_->columns().size());
  for (Index j = 0; j < all; ++j) {
    if (std::find(summed.begin(), summed.end(), j) == summed.end()) {
      kept_.push_back(j);
    } else if (j < reference_.size()) {
      summed_y_.push_back(j);
    }
  }
}

bool MomentMarginal::has_moments() const {
  return summed_y_.empty() ||
         (full_->can(Ability::conditional) &&
          std::all_of(summed_y_.begin(), summed_y_.end(), [this](Index j) {
            return full_->columns()[static_cast<std::size_t>(j)].num_states > 0;
          }));
}

Abilities MomentMarginal::abilities() const {
  const Abilities own = passed_on(marginal_, Ability::energy_change | Ability::param_grad);
  return has_moments() ? own | Ability::param_grad : own;
}

Index MomentMarginal::num_params() const {
  return marginal_.num_params() + (has_moments() ? 2 * reference_.size() : 0);
}

void MomentMarginal::add_param_grad(const Block<double>& y, ChainRange range,
                                    const PerChain& weights, Eigen::VectorXd& sum) const {
  if (!has_moments()) {
    marginal_.add_param_grad(y, range, weights, sum);
    return;
  }
  states_.setZero(y.rows(), static_cast<Index>(full_->columns().size()));
  for (std::size_t j = 0; j < kept_.size(); ++j) {
    states_.col(kept_[j]) = y.col(static_cast<Index>(j));
  }
  first_ = states_.leftCols(reference_.size()).rowwise() - reference_.transpose().array();
  second_ = first_.square();
  if (!summed_y_.empty()) {
    set_conditional_means();
  }
  add_sums(marginal_, y, range, weights, first_, second_, gradient_, sum);
}

// Mean and square of y_j - r_j under P(state k | rest) ~ exp(-beta delta_k) (M13).
void MomentMarginal::set_conditional_means() const {
  const std::span<const Column> columns = full_->columns();
  Index width = 0;
  for (const Index j : summed_y_) {
    width += columns[static_cast<std::size_t>(j)].num_states - 1;
  }
  deltas_.resize(states_.rows(), width);
  full_->conditional(states_, summed_y_, deltas_);
  for (Index c = 0; c < states_.rows(); ++c) {
    Index at = 0;
    for (const Index j : summed_y_) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      double least = 0;
      for (Index k = 1; k < column.num_states; ++k) {
        least = std::min(least, deltas_(c, at + k - 1));
      }
      double total = 0, first = 0, second = 0;
      for (Index k = 0; k < column.num_states; ++k) {
        const double delta = k == 0 ? 0 : deltas_(c, at + k - 1);
        const double weight = std::exp(-beta_times(beta_, delta - least));
        const double value = state_code(column, k) - reference_[j];
        total += weight;
        first += weight * value;
        second += weight * value * value;
      }
      first_(c, j) = first / total;
      second_(c, j) = second / total;
      at += column.num_states - 1;
    }
  }
}

}  // namespace negphase
