#include "negphase/core/combined_energy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// [1 - lambda, lambda]
Block<double> path_weights(const PerChain& lambda) {
  if (!(lambda >= 0 && lambda <= 1).all()) {
    throw UsageError("Path: lambda must lie between 0 (the reference) and 1 (the target)");
  }
  Block<double> weights(lambda.size(), 2);
  weights.col(0) = 1 - lambda;
  weights.col(1) = lambda;
  return weights;
}

template <class Scalar>
std::vector<AnyEnergy<Scalar>> both(AnyEnergy<Scalar> first, AnyEnergy<Scalar> second) {
  std::vector<AnyEnergy<Scalar>> parts;
  parts.push_back(std::move(first));
  parts.push_back(std::move(second));
  return parts;
}

}  // namespace

// ---- EnergyParts

template <class Scalar>
EnergyParts<Scalar>::EnergyParts(std::vector<AnyEnergy<Scalar>> parts) {
  for (AnyEnergy<Scalar>& part : parts) {
    if (!std::ranges::equal(part.columns(), parts[0].columns())) {
      throw UsageError("energies that are put together must be over the same columns");
    }
    num_params_ += part.num_params();
  }
  for (AnyEnergy<Scalar>& part : parts) {
    parts_.push_back(std::make_shared<const AnyEnergy<Scalar>>(std::move(part)));
  }
  if (parts_.empty()) {
    throw UsageError("there is no energy to put together");
  }
}

template <class Scalar>
Abilities EnergyParts<Scalar>::common_abilities() const {
  Abilities all = parts_[0]->abilities();
  for (const auto& part : parts_) {
    all &= part->abilities();
  }
  return all;
}

template <class Scalar>
void EnergyParts<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                         const PerChain& weights, const Block<double>& share,
                                         Eigen::VectorXd& sum) const {
  Index at = 0;
  for (Index k = 0; k < size(); ++k) {
    const Index count = (*this)[k].num_params();
    part_weights_ = weights * share.col(k);
    part_sum_.setZero(count);
    (*this)[k].add_param_grad(y, range, part_weights_, part_sum_);
    sum.segment(at, count) += part_sum_;
    at += count;
  }
}

template class EnergyParts<float>;
template class EnergyParts<double>;

// ---- EnergySum

template <class Scalar>
EnergySum<Scalar>::EnergySum(std::vector<AnyEnergy<Scalar>> parts, Index chains)
    : parts_(std::move(parts)), weights_(Block<double>::Ones(chains, parts_.size())) {}

template <class Scalar>
EnergySum<Scalar>::EnergySum(std::vector<AnyEnergy<Scalar>> parts, Block<double> weights)
    : parts_(std::move(parts)), weights_(std::move(weights)) {
  if (weights_.cols() != parts_.size()) {
    throw UsageError("EnergySum: needs a weight of each energy for each chain");
  }
}

template <class Scalar>
Abilities EnergySum<Scalar>::abilities() const {
  const Abilities common = parts_.common_abilities();
  Abilities own =
      common & (Ability::gradient | Ability::energy_change | Ability::energy_change_by_site |
                Ability::conditional | Ability::param_grad);
  if (has(common, Ability::layers)) {
    const auto layers = parts_[0].layers().layers;
    bool same = true;
    for (Index k = 1; k < parts_.size(); ++k) {
      same = same && parts_[k].layers().layers == layers;
    }
    own = same ? own | Ability::layers : own;
  }
  return own;
}

/// out += a_k energies
template <class Scalar>
void EnergySum<Scalar>::add_weighted(Index k, const PerChain& energies, PerChain& out) const {
  out += (energies == infinity).select(infinity, weights_.col(k) * energies);
}

template <class Scalar>
void EnergySum<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  out.setZero(y.rows());
  part_.resize(y.rows());
  for (Index k = 0; k < parts_.size(); ++k) {
    parts_[k].energy(y, part_);
    add_weighted(k, part_, out);
  }
}

template <class Scalar>
void EnergySum<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                        Block<Scalar>& grad) const {
  out.setZero(y.rows());
  part_.resize(y.rows());
  part_block_.resize(y.rows(), y.cols());
  total_.setZero(y.rows(), y.cols());
  for (Index k = 0; k < parts_.size(); ++k) {
    parts_[k].energy_and_grad(y, part_, part_block_);
    add_weighted(k, part_, out);
    for (Index j = 0; j < y.cols(); ++j) {
      total_.col(j) += weights_.col(k) * part_block_.col(j).template cast<double>();
    }
  }
  grad = total_.template cast<Scalar>();
}

template <class Scalar>
void EnergySum<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                      const Lane<Scalar>& values, PerChain& out) const {
  out.setZero(y.rows());
  part_.resize(y.rows());
  for (Index k = 0; k < parts_.size(); ++k) {
    parts_[k].energy_change(y, site, values, part_);
    add_weighted(k, part_, out);
  }
}

template <class Scalar>
void EnergySum<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                      const Lane<Scalar>& values, PerChain& out) const {
  out.setZero(y.rows());
  part_.resize(y.rows());
  for (Index k = 0; k < parts_.size(); ++k) {
    parts_[k].energy_change(y, sites, values, part_);
    add_weighted(k, part_, out);
  }
}

template <class Scalar>
void EnergySum<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                    Block<Scalar>& delta) const {
  Index width = 0;
  for (const Index j : columns) {
    width += parts_.columns()[static_cast<std::size_t>(j)].num_states - 1;
  }
  total_.setZero(y.rows(), width);
  part_block_.resize(y.rows(), width);
  for (Index k = 0; k < parts_.size(); ++k) {
    parts_[k].conditional(y, columns, part_block_);
    for (Index j = 0; j < width; ++j) {
      total_.col(j) += weights_.col(k) * part_block_.col(j).template cast<double>();
    }
  }
  delta = total_.template cast<Scalar>();
}

template class EnergySum<float>;
template class EnergySum<double>;

// ---- Path

template <class Scalar>
Path<Scalar>::Path(AnyEnergy<Scalar> reference, AnyEnergy<Scalar> target, const PerChain& lambda)
    : EnergySum<Scalar>(both(std::move(reference), std::move(target)), path_weights(lambda)) {}

template <class Scalar>
void Path<Scalar>::set_lambda(const PerChain& lambda) {
  this->set_weights(path_weights(lambda));
}

template class Path<float>;
template class Path<double>;

// ---- EnergyMixture

template <class Scalar>
EnergyMixture<Scalar>::EnergyMixture(std::vector<AnyEnergy<Scalar>> parts,
                                     Eigen::ArrayXd log_weights, double beta)
    : parts_(std::move(parts)), log_weights_(std::move(log_weights)), beta_(beta) {
  if (log_weights_.size() != parts_.size() || !log_weights_.isFinite().all()) {
    throw UsageError("EnergyMixture: needs a finite log weight for each energy");
  }
  if (!(beta > 0) || !std::isfinite(beta)) {
    throw UsageError("EnergyMixture: needs a finite beta > 0");
  }
  grads_.resize(static_cast<std::size_t>(parts_.size()));
}

template <class Scalar>
Abilities EnergyMixture<Scalar>::abilities() const {
  return (parts_.common_abilities() & (Ability::gradient | Ability::param_grad)) |
         Ability::energy_change | Ability::energy_change_by_site | Ability::conditional;
}

/// Turns the energies in share_ into shares, and sets out = E.
template <class Scalar>
void EnergyMixture<Scalar>::set_shares(PerChain& out) const {
  largest_.setConstant(share_.rows(), -infinity);
  for (Index k = 0; k < parts_.size(); ++k) {
    share_.col(k) = log_weights_[k] - beta_ * share_.col(k);
    largest_ = (share_.col(k) <= largest_).select(largest_, share_.col(k));  // NaN stays
  }
  total_.setZero(share_.rows());
  for (Index k = 0; k < parts_.size(); ++k) {
    // where all energies are +inf, inf - inf would be NaN; exp(-inf) is 0 on some machines only
    share_.col(k) =
        (share_.col(k) == -infinity)
            .select(0.0,
                    (share_.col(k) - largest_.max(std::numeric_limits<double>::lowest())).exp());
    total_ += share_.col(k);
  }
  out = -(largest_ + total_.log()) / beta_;
  for (Index k = 0; k < parts_.size(); ++k) {
    share_.col(k) /= total_;
  }
}

template <class Scalar>
void EnergyMixture<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  share_.resize(y.rows(), parts_.size());
  part_.resize(y.rows());
  for (Index k = 0; k < parts_.size(); ++k) {
    parts_[k].energy(y, part_);
    share_.col(k) = part_;
  }
  set_shares(out);
}

template <class Scalar>
void EnergyMixture<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                            Block<Scalar>& grad) const {
  share_.resize(y.rows(), parts_.size());
  part_.resize(y.rows());
  for (Index k = 0; k < parts_.size(); ++k) {
    Block<Scalar>& of_part = grads_[static_cast<std::size_t>(k)];
    of_part.resize(y.rows(), y.cols());
    parts_[k].energy_and_grad(y, part_, of_part);
    share_.col(k) = part_;
  }
  set_shares(out);
  mean_grad_.setZero(y.rows(), y.cols());
  for (Index k = 0; k < parts_.size(); ++k) {
    const auto share = share_.col(k);
    for (Index j = 0; j < y.cols(); ++j) {
      const auto of_part = grads_[static_cast<std::size_t>(k)].col(j).template cast<double>();
      // a part that forbids y may have no gradient
      mean_grad_.col(j) += (share > 0).select(share * of_part, 0.0);
    }
  }
  grad = mean_grad_.template cast<Scalar>();
}

template <class Scalar>
void EnergyMixture<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                           const PerChain& weights, Eigen::VectorXd& sum) const {
  energy(y, part_);
  parts_.add_param_grad(y, range, weights, share_, sum);
}

template class EnergyMixture<float>;
template class EnergyMixture<double>;

}  // namespace negphase
