#pragma once
#include <cstdint>
#include <optional>

#include "negphase/exact/gaussian_regression.hpp"
#include "negphase/gradient/estimate.hpp"

namespace negphase {

/// Draws from a law that can be normalised, beside the data.
struct NoiseSamples {
  std::vector<Eigen::MatrixXd> y;  ///< sample i of every row [rows x num_y]
  Eigen::MatrixXd
      log_density;  ///< log q(y | x) [rows x (1 + samples)]: of the datum, of each sample
};

/// What contrastive criteria hold the data against, fitted to them: real columns by a Gaussian
/// regression on x (of no x: a Gaussian), finite ones each by itself by its frequencies, q(k) =
/// (count + 1) / (rows + K), whatever x. Real and finite columns are independent given x.
class NoiseDistribution {
 public:
  /// Throws ConfigError where a column of y is neither real nor finite, or where real columns leave
  /// no spread (constant, or a linear function of x and each other).
  explicit NoiseDistribution(const Problem& problem);

  /// A pure function of (seed, row, update, sample) and of x.
  /// @param x  [rows x num_x]  @param y  the data [rows x num_y]
  NoiseSamples draw(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, Index samples,
                    std::uint64_t seed, std::uint64_t update) const;
  /// log q(y_r | x_r) [rows]
  Eigen::VectorXd log_density(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) const;

 private:
  bool has_real() const { return !real_.empty(); }

  std::vector<Column> columns_;
  std::vector<Index> real_;                     // columns of y
  std::optional<GaussianRegression> gaussian_;  // of these
  std::vector<Eigen::VectorXd> frequencies_;    // [K] of each finite column, else empty
};

}  // namespace negphase
