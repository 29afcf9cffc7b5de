#include "negphase/core/states_summed_out.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "negphase/core/error.hpp"

namespace negphase {

template <class Scalar>
bool StatesSummedOut<Scalar>::can_sum(std::span<const Column> columns,
                                      std::span<const Index> summed) {
  double states = 1;
  Index last = -1;
  for (const Index j : summed) {
    if (j <= last || j >= static_cast<Index>(columns.size())) {
      return false;
    }
    last = j;
    states *= static_cast<double>(columns[static_cast<std::size_t>(j)].num_states);
  }
  return !summed.empty() && states >= 1 && states <= max_states;
}

template <class Scalar>
StatesSummedOut<Scalar>::StatesSummedOut(std::shared_ptr<const AnyEnergy<Scalar>> full,
                                         std::span<const Index> summed, double beta)
    : full_(std::move(full)), summed_(summed.begin(), summed.end()), beta_(beta) {
  const std::span<const Column> all = full_->columns();
  if (!can_sum(all, summed)) {
    throw UsageError(
        "summed_out() takes columns of finitely many states, ascending, of at most 4096 in all");
  }
  if (!(beta > 0)) {
    throw UsageError("a free energy needs beta > 0, got " + std::to_string(beta));
  }
  for (Index j = 0; j < static_cast<Index>(all.size()); ++j) {
    const Column& column = all[static_cast<std::size_t>(j)];
    if (std::ranges::find(summed, j) == summed.end()) {
      kept_.push_back(j);
      columns_.push_back(column);
    } else {
      num_states_ *= column.num_states;
    }
  }
}

template <class Scalar>
Abilities StatesSummedOut<Scalar>::abilities() const {
  return (full_->abilities() & (Ability::gradient | Ability::param_grad)) | Ability::energy_change |
         Ability::energy_change_by_site | Ability::conditional;
}

/// Puts joint state number `state` into the summed columns, the last of them fastest.
template <class Scalar>
void StatesSummedOut<Scalar>::set_state(Index state) const {
  for (auto j = summed_.rbegin(); j != summed_.rend(); ++j) {
    const Column& column = full_->columns()[static_cast<std::size_t>(*j)];
    states_.col(*j) = static_cast<Scalar>(state_code(column, state % column.num_states));
    state /= column.num_states;
  }
}

template <class Scalar>
void StatesSummedOut<Scalar>::weigh(const Block<Scalar>& y) const {
  if (weighed_.rows() == y.rows() && (weighed_ == y).all()) {
    return;
  }
  states_.resize(y.rows(), static_cast<Index>(full_->columns().size()));
  for (std::size_t j = 0; j < kept_.size(); ++j) {
    states_.col(kept_[j]) = y.col(static_cast<Index>(j));
  }
  weight_.resize(y.rows(), num_states_);
  share_.resize(y.rows());
  for (Index s = 0; s < num_states_; ++s) {
    set_state(s);
    full_->energy(states_, share_);
    weight_.col(s) = share_;
  }
  least_ = weight_.col(0);
  for (Index s = 1; s < num_states_; ++s) {
    least_ = (weight_.col(s) < least_).select(weight_.col(s), least_);
  }
  total_.setZero(y.rows());
  for (Index s = 0; s < num_states_; ++s) {
    // where all energies are +inf, inf - inf would be NaN; exp(-inf) is 0 on some machines only
    weight_.col(s) =
        (weight_.col(s) == std::numeric_limits<double>::infinity())
            .select(
                0.0,
                (-beta_ * (weight_.col(s) - least_.min(std::numeric_limits<double>::max()))).exp());
    total_ += weight_.col(s);
  }
  weighed_ = y;
}

template <class Scalar>
void StatesSummedOut<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  weigh(y);
  out = least_ - total_.log() / beta_;
}

template <class Scalar>
void StatesSummedOut<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                              Block<Scalar>& grad) const {
  energy(y, out);
  mean_grad_.setZero(y.rows(), y.cols());
  full_grad_.resize(y.rows(), states_.cols());
  for (Index s = 0; s < num_states_; ++s) {
    set_state(s);
    full_->energy_and_grad(states_, share_, full_grad_);
    for (std::size_t j = 0; j < kept_.size(); ++j) {
      const auto weight = weight_.col(s);
      // an impossible state may have no gradient
      mean_grad_.col(static_cast<Index>(j)) +=
          (weight > 0).select(weight * full_grad_.col(kept_[j]).template cast<double>(), 0.0);
    }
  }
  grad.resize(y.rows(), y.cols());
  for (Index j = 0; j < y.cols(); ++j) {
    grad.col(j) = (mean_grad_.col(j) / total_).template cast<Scalar>();
  }
}

template <class Scalar>
void StatesSummedOut<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                             const PerChain& weights, Eigen::VectorXd& sum) const {
  weigh(y);
  share_.setZero(y.rows());
  auto share = share_.segment(range.begin, range.size);
  const auto in_range = [&](const auto& column) { return column.segment(range.begin, range.size); };
  for (Index s = 0; s < num_states_; ++s) {
    share = in_range(weights) * in_range(weight_.col(s)) / in_range(total_);
    if ((share != 0).any()) {
      set_state(s);
      full_->add_param_grad(states_, range, share_, sum);
    }
  }
}

template class StatesSummedOut<float>;
template class StatesSummedOut<double>;

}  // namespace negphase
