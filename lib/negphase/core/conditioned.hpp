#pragma once
#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "negphase/core/any_energy.hpp"

namespace negphase {

/// An energy with some of its columns clamped: an Energy over the free ones. The positive phase
/// (y clamped to data), Metropolis within Gibbs and mixed states are all made of it. It can what
/// the energy inside can. Held = const E* borrows the energy instead of owning it, for kernels that
/// clamp now these columns and now those. Cost over the energy's own: copying the free columns in
/// every call, unless nothing is clamped.
template <class E, class Held = E>
class Conditioned {
 public:
  using Scalar = typename E::Scalar;

  /// @param free    the columns that stay free, ascending
  /// @param values  [chains x all columns]; the clamped columns are read, the free ones ignored
  Conditioned(Held energy, std::vector<Index> free, Block<Scalar> values)
      : held_(std::move(energy)), free_(std::move(free)), full_(std::move(values)) {
    const auto num_columns = inner().columns().size();
    if (full_.cols() != static_cast<Index>(num_columns) ||
        !std::is_sorted(free_.begin(), free_.end()) ||
        (!free_.empty() && (free_.front() < 0 || free_.back() >= full_.cols()))) {
      throw UsageError(
          "Conditioned: values must have all columns of the energy, and the free columns be "
          "ascending numbers of them");
    }
    place_.assign(static_cast<std::size_t>(full_.cols()), -1);
    for (std::size_t j = 0; j < free_.size(); ++j) {
      columns_.push_back(inner().columns()[static_cast<std::size_t>(free_[j])]);
      place_[static_cast<std::size_t>(free_[j])] = static_cast<Index>(j);
    }
  }

  /// Other values for the clamped columns [chains x all columns]; allocates nothing.
  void clamp(const Block<Scalar>& values) { full_ = values; }

  std::span<const Column> columns() const { return columns_; }
  Abilities abilities() const { return abilities_of(inner()); }
  void energy(const Block<Scalar>& y, PerChain& out) const { inner().energy(full(y), out); }

  void energy_and_grad(const Block<Scalar>& y, PerChain& out,
                       Block<Scalar>& grad) const requires HasGradient<E> {
    full_grad_.resize(full_.rows(), full_.cols());
    inner().energy_and_grad(full(y), out, full_grad_);
    for (std::size_t j = 0; j < free_.size(); ++j) {
      grad.col(static_cast<Index>(j)) = full_grad_.col(free_[j]);
    }
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const requires HasEnergyChange<E> {
    inner().energy_change(full(y), free_[static_cast<std::size_t>(site)], values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const requires HasEnergyChangeBySite<E> {
    full_sites_.resize(sites.size());
    for (Index c = 0; c < sites.size(); ++c) {
      full_sites_[c] = free_[static_cast<std::size_t>(sites[c])];
    }
    inner().energy_change(full(y), full_sites_, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const requires HasConditional<E> {
    full_columns_.clear();
    for (Index j : columns) {
      full_columns_.push_back(free_[static_cast<std::size_t>(j)]);
    }
    inner().conditional(full(y), full_columns_, delta);
  }
  Index num_params() const requires HasParamGrad<E> { return inner().num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const requires HasParamGrad<E> {
    inner().add_param_grad(full(y), range, weights, sum);
  }
  /// The layers of what is free; layers that are clamped whole disappear.
  LayerView layers() const requires HasLayers<E> {
    LayerView view;
    for (const auto& layer : inner().layers().layers) {
      std::vector<Index> kept;
      for (Index j : layer) {
        if (place_[static_cast<std::size_t>(j)] >= 0) {
          kept.push_back(place_[static_cast<std::size_t>(j)]);
        }
      }
      if (!kept.empty()) {
        view.layers.push_back(std::move(kept));
      }
    }
    return view;
  }
  /// Conditional of a Gaussian: precision P_ff, linear b_f - P_fc y_c.
  GaussianView gaussian() const requires HasGaussian<E> {
    const GaussianView all = inner().gaussian();
    const auto d = static_cast<Index>(free_.size());
    GaussianView view{Eigen::MatrixXd(d, d), Block<double>(full_.rows(), d)};
    for (Index i = 0; i < d; ++i) {
      const Index fi = free_[static_cast<std::size_t>(i)];
      view.linear.col(i) = all.linear.col(fi);
      for (Index j = 0; j < full_.cols(); ++j) {
        const Index at = place_[static_cast<std::size_t>(j)];
        if (at >= 0) {
          view.precision(i, at) = all.precision(fi, j);
        } else {
          view.linear.col(i) -= all.precision(fi, j) * full_.col(j).template cast<double>();
        }
      }
    }
    return view;
  }

  /// Couplings to clamped columns become part of b; those between two clamped ones a constant.
  PairwiseView pairwise() const requires HasPairwise<E> {
    const PairwiseView all = inner().pairwise();
    const auto d = static_cast<Index>(free_.size());
    PairwiseView view{{}, Block<double>(full_.rows(), d), {}};
    for (Index i = 0; i < d; ++i) {
      const Index at = free_[static_cast<std::size_t>(i)];
      view.linear.col(i) = all.linear.col(at);
      view.linear_param.push_back(all.linear_param[static_cast<std::size_t>(at)]);
    }
    for (const PairwiseView::Coupling& c : all.couplings) {
      const Index i = place_[static_cast<std::size_t>(c.first)];
      const Index j = place_[static_cast<std::size_t>(c.second)];
      if (i >= 0 && j >= 0) {
        view.couplings.push_back({i, j, c.weight, c.param});
      } else if (i >= 0 || j >= 0) {
        const Index clamped = i >= 0 ? c.second : c.first;
        view.linear.col(std::max(i, j)) += c.weight * full_.col(clamped).template cast<double>();
      }
    }
    return view;
  }

 private:
  const E& inner() const {
    if constexpr (std::is_pointer_v<Held>) {
      return *held_;
    } else {
      return held_;
    }
  }
  const Block<Scalar>& full(const Block<Scalar>& y) const {
    if (free_.size() == place_.size()) {
      return y;  // nothing is clamped
    }
    for (std::size_t j = 0; j < free_.size(); ++j) {
      full_.col(free_[j]) = y.col(static_cast<Index>(j));
    }
    return full_;
  }

  Held held_;
  std::vector<Index> free_, place_;
  std::vector<Column> columns_;
  mutable Block<Scalar> full_, full_grad_;
  mutable Sites full_sites_;
  mutable std::vector<Index> full_columns_;
};

}  // namespace negphase
