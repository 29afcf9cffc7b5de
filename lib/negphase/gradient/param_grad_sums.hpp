#pragma once
#include <optional>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/model.hpp"
#include "negphase/gradient/replicates.hpp"
#include "negphase/run/chains.hpp"

namespace negphase {

/// Running sums of dE/dW over the draws of one block, a column for each cell that it touches, and
/// of squares about a reference for the marginal variance.
template <class Scalar>
class ParamGradSums final : public Observer<Scalar> {
 public:
  /// @param reference  [P]; empty: the mean alone is wanted, and nothing is squared
  ParamGradSums(const Replicates& replicates, const ModelShape& shape, double beta,
                const Eigen::VectorXd& reference, Index width, Index first_chain, Index live)
      : beta_(beta),
        shape_(shape),
        reference_(reference),
        first_cell_(replicates.cell_of(first_chain)),
        by_chain_(replicates.cells() == replicates.chains()),
        ones_(PerChain::Ones(width)),
        one_(reference.size() > 0 || by_chain_ ? shape.num_params : 0),
        square_sum_(Eigen::VectorXd::Zero(reference.size())),
        shifted_sum_(Eigen::VectorXd::Zero(reference.size())) {
    const Index last_cell = replicates.cell_of(first_chain + live - 1);
    for (Index cell = first_cell_; cell <= last_cell; ++cell) {
      const Index begin = std::max(replicates.first_chain(cell), first_chain) - first_chain;
      const Index end = std::min(replicates.first_chain(cell + 1) - first_chain, live);
      ranges_.push_back({begin, end - begin});
    }
    sums_.assign(ranges_.size(), Eigen::VectorXd::Zero(shape.num_params));
  }

  void observe(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state,
               Index live) override {
    add(energy, state.position(), ones_, true, live);
  }

  /// Chain c counts weights[c] times; only draws show the marginal variance.
  void add(const AnyEnergy<Scalar>& energy, const Block<Scalar>& position, const PerChain& weights,
           bool is_draw, Index live) {
    const AnyEnergy<Scalar>& e = marginal(energy);
    const Block<Scalar>& y = visible(position);
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      const Index chain = ranges_[i].begin;
      if (by_chain_ && is_draw) {
        take_one(e, y, chain);
        sums_[i] += weights[chain] * one_;
      } else if (!by_chain_ || weights[chain] != 0) {
        e.add_param_grad(y, ranges_[i], weights, sums_[i]);
      }
    }
    if (is_draw && !by_chain_ && reference_.size() > 0) {
      // one chain in turn is enough for the marginal variance, and costs 1 / live of the sums
      take_one(e, y, draws_ % live);
    }
    draws_ += is_draw ? 1 : 0;
  }

  /// Begins anew; of sums for the mean alone.
  void forget() {
    for (Eigen::VectorXd& sum : sums_) {
      sum.setZero();
    }
    marginal_.reset();
  }
  /// This block's share of a cell that it touches.
  const Eigen::VectorXd& sum_of(Index cell) const {
    return sums_[static_cast<std::size_t>(cell - first_cell_)];
  }
  const Eigen::VectorXd& square_sum() const { return square_sum_; }
  const Eigen::VectorXd& shifted_sum() const { return shifted_sum_; }
  Index samples() const { return samples_; }

 private:
  // M6 wants E[dE/dW | y] where z can be summed out: it has less noise than a draw of z
  const AnyEnergy<Scalar>& marginal(const AnyEnergy<Scalar>& energy) {
    const auto z = latent_columns(shape_);
    const bool joint = energy.columns().size() == shape_.y.size() + shape_.z.size();
    if (!marginal_ && joint && !z.empty() && energy.can_sum_out(z)) {
      marginal_.emplace(energy.summed_out(z, beta_));
    }
    return marginal_ ? *marginal_ : energy;
  }
  const Block<Scalar>& visible(const Block<Scalar>& position) {
    if (!marginal_) {
      return position;
    }
    visible_ = position.leftCols(shape_.num_y());
    return visible_;
  }
  void take_one(const AnyEnergy<Scalar>& e, const Block<Scalar>& y, Index chain) {
    one_.setZero();
    e.add_param_grad(y, {chain, 1}, ones_, one_);
    if (reference_.size() == 0) {
      return;
    }
    shifted_sum_ += one_ - reference_;
    square_sum_ += (one_ - reference_).cwiseAbs2();
    ++samples_;
  }

  double beta_;
  ModelShape shape_;
  Eigen::VectorXd reference_;
  Index first_cell_;
  bool by_chain_;  ///< every cell is one chain
  std::vector<ChainRange> ranges_;
  std::vector<Eigen::VectorXd> sums_;
  PerChain ones_;
  Eigen::VectorXd one_, square_sum_, shifted_sum_;
  Index samples_ = 0, draws_ = 0;
  std::optional<AnyEnergy<Scalar>> marginal_;
  Block<Scalar> visible_;
};

}  // namespace negphase
