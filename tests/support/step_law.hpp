#pragma once
#include <cmath>
#include <numeric>

#include "negphase/core/model.hpp"
#include "negphase/gradient/estimate.hpp"

namespace negphase::testing {

/// The exact law of y along a chain of block Gibbs on a small model over bits without x, by sums
/// over all states of y and z: one step draws z given y and then y given z.
class StepLaw {
 public:
  explicit StepLaw(const Problem& p) : num_y_(p.model.shape().num_y()) {
    const Index num_z = p.model.shape().num_z(), ny = Index{1} << num_y_, nz = Index{1} << num_z;
    Block<double> states(ny * nz, num_y_ + num_z);
    for (Index s = 0; s < states.rows(); ++s) {
      for (Index j = 0; j < states.cols(); ++j) {
        states(s, j) = static_cast<double>((s >> j) & 1);  // y are the low bits
      }
    }
    const std::vector<Index> rows(static_cast<std::size_t>(ny * nz), 0);
    PerChain e(ny * nz);
    p.model.bind_double(p.model.prepare(p.x), rows).energy(states, e);
    const Eigen::MatrixXd joint = (-p.beta * (e - e.minCoeff())).exp().matrix().reshaped(ny, nz);
    const Eigen::MatrixXd z_given_y = joint.array().colwise() / joint.rowwise().sum().array();
    const Eigen::MatrixXd y_given_z = joint.array().rowwise() / joint.colwise().sum().array();
    step_ = z_given_y * y_given_z.transpose();
    const auto marginal =
        p.model
            .bind_double(p.model.prepare(p.x), std::vector<Index>(static_cast<std::size_t>(ny), 0))
            .summed_out(latent_columns(p.model.shape()), p.beta);
    const Block<double> y = states.topRows(ny).leftCols(num_y_);
    gradients_ = Eigen::MatrixXd(p.model.shape().num_params, ny);
    for (Index s = 0; s < ny; ++s) {
      Eigen::VectorXd one = Eigen::VectorXd::Zero(gradients_.rows());
      marginal.add_param_grad(y, {s, 1}, PerChain::Ones(ny), one);
      gradients_.col(s) = one;
    }
    positive_ = Eigen::VectorXd::Zero(gradients_.rows());
    for (Index r = 0; r < p.rows(); ++r) {
      Index s = 0;
      for (Index j = 0; j < num_y_; ++j) {
        s += static_cast<Index>(p.y(r, j)) << j;
      }
      positive_ += gradients_.col(s) / static_cast<double>(p.rows());
    }
  }

  using Law = Eigen::RowVectorXd;
  Law uniform() const {
    return Law::Constant(step_.rows(), 1.0 / static_cast<double>(step_.rows()));
  }
  Law after(Law law, Index steps) const {
    for (Index k = 0; k < steps; ++k) {
      law = law * step_;
    }
    return law;
  }
  /// A replay buffer filled from noise, after so many updates of k steps.
  Law replay(double rate, Index k, Index updates) const {
    const Law young = after(uniform(), k);
    Law law = young;
    for (Index u = 1; u < updates; ++u) {
      law = (1 - rate) * after(law, k) + rate * young;
    }
    return law;
  }
  /// M6 where negatives have that law. [P]
  Eigen::VectorXd gradient(const Law& law) const {
    return positive_ - gradients_ * law.transpose();
  }

 private:
  Index num_y_;
  Eigen::MatrixXd step_, gradients_;  ///< [states x states], [P x states]
  Eigen::VectorXd positive_;
};

}  // namespace negphase::testing
