#include "negphase/exact/summed_states.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "negphase/core/kernel.hpp"

namespace negphase {

std::vector<Index> finite_columns(std::span<const Column> columns) {
  std::vector<Index> finite;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].num_states > 0) {
      finite.push_back(static_cast<Index>(j));
    }
  }
  return finite;
}

SummedStates::SummedStates(AnyEnergy<double> full, std::vector<Index> summed, double beta)
    : full_(std::move(full)), summed_(std::move(summed)), beta_(beta) {
  if (!(beta > 0)) {
    throw UsageError("SummedStates: a free energy needs beta > 0");
  }
  const std::span<const Column> all = full_.columns();
  for (const Index j : summed_) {
    if (all[static_cast<std::size_t>(j)].num_states < 1) {
      throw UsageError("SummedStates: column " + std::to_string(j) + " has no list of states");
    }
  }
  for (std::size_t j = 0; j < all.size(); ++j) {
    if (!std::binary_search(summed_.begin(), summed_.end(), static_cast<Index>(j))) {
      kept_.push_back(static_cast<Index>(j));
      columns_.push_back(all[j]);
    }
  }
}

Abilities SummedStates::abilities() const {
  return full_.abilities() & (Ability::gradient | Ability::param_grad);
}

/// visit() with states_ at each state of the summed columns and energies_ its energies.
template <class Visit>
void SummedStates::for_each_state(const Block<double>& y, Visit visit) const {
  const std::span<const Column> all = full_.columns();
  states_.resize(y.rows(), static_cast<Index>(all.size()));
  energies_.resize(y.rows());
  for (std::size_t j = 0; j < kept_.size(); ++j) {
    states_.col(kept_[j]) = y.col(static_cast<Index>(j));
  }
  std::vector<Index> digit(summed_.size(), 0);
  for (const Index j : summed_) {
    states_.col(j) = state_code(all[static_cast<std::size_t>(j)], 0);
  }
  for (;;) {
    full_.energy(states_, energies_);
    visit();
    std::size_t k = summed_.size();
    while (k-- > 0) {
      const Column& column = all[static_cast<std::size_t>(summed_[k])];
      digit[k] = (digit[k] + 1) % column.num_states;
      states_.col(summed_[k]) = state_code(column, digit[k]);
      if (digit[k] != 0) {
        break;
      }
    }
    if (k == static_cast<std::size_t>(-1)) {
      return;
    }
  }
}

void SummedStates::energy(const Block<double>& y, PerChain& out) const {
  sums_.assign(static_cast<std::size_t>(y.rows()), LogSumExp());
  for_each_state(y, [&] {
    for (Index c = 0; c < y.rows(); ++c) {
      sums_[static_cast<std::size_t>(c)].add(-beta_times(beta_, energies_[c]));
    }
  });
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = -sums_[static_cast<std::size_t>(c)].value() / beta_;
  }
}

namespace {

/// P(state | y) of each chain; 0 where the state, or every one of them, is forbidden.
void set_weights(double beta, const PerChain& energies, const PerChain& free, PerChain& weights) {
  weights.resize(energies.size());
  for (Index c = 0; c < energies.size(); ++c) {
    weights[c] = energies[c] == std::numeric_limits<double>::infinity()
                     ? 0
                     : std::exp(-beta * (energies[c] - free[c]));
  }
}

}  // namespace

void SummedStates::energy_and_grad(const Block<double>& y, PerChain& out,
                                   Block<double>& grad) const {
  energy(y, out);
  grad.setZero();
  gradient_.resize(y.rows(), static_cast<Index>(full_.columns().size()));
  for_each_state(y, [&] {
    full_.energy_and_grad(states_, energies_, gradient_);
    set_weights(beta_, energies_, out, weights_);
    for (std::size_t j = 0; j < kept_.size(); ++j) {
      for (Index c = 0; c < y.rows(); ++c) {
        if (weights_[c] > 0) {
          grad(c, static_cast<Index>(j)) += weights_[c] * gradient_(c, kept_[j]);
        }
      }
    }
  });
}

void SummedStates::add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                                  Eigen::VectorXd& sum) const {
  free_.resize(y.rows());
  energy(y, free_);
  for_each_state(y, [&] {
    set_weights(beta_, energies_, free_, weights_);
    weights_ *= weights;
    full_.add_param_grad(states_, range, weights_, sum);
  });
}

}  // namespace negphase
