#pragma once
#include <Eigen/Core>
#include <functional>

#include "negphase/parallel/executor.hpp"

namespace negphase {

/// A symmetric function k(i, j) of two of `size` draws, a row at a time: what all distances of
/// quadratic cost are made of. row(i, first, out) fills `out` with k(i, j), j = first .. size - 1;
/// it is called from several threads at once.
struct PairFunction {
  Index size = 0;
  std::function<void(Index i, Index first, Eigen::ArrayXd& out)> row;
};

/// Sums over all pairs when the first m draws are sample x and the rest, n of them, sample y.
struct PairSums {
  double xx = 0, yy = 0;                  ///< over ordered pairs i != j within a sample
  double diagonal_x = 0, diagonal_y = 0;  ///< over i = j
  double xy = 0;                          ///< over pairs of one of x and one of y
};

/// In parallel over slices of 64 rows, merged in their order: the same bytes for any number of
/// threads. Cost: size^2 / 2 values; memory: a row a thread.
PairSums pair_sums(const PairFunction& k, Index m, const Executor& executor);

/// All values as a matrix [size x size]. Memory is checked before it is taken (ConfigError).
Eigen::MatrixXd pair_matrix(const PairFunction& k, const Executor& executor);

/// k(i, j) = exp(-|x_i - x_j|^2 / (2 length^2)) of the rows of `points` [size x d].
PairFunction gaussian_kernel(Eigen::ArrayXXd points, double length);
/// k(i, j) = (1 + |x_i - x_j|^2 / length^2)^(-1/2), the inverse multiquadric.
PairFunction inverse_multiquadric_kernel(Eigen::ArrayXXd points, double length);
/// k(i, j) = exp(-h / d), h the number of the d columns in which the rows differ.
PairFunction hamming_kernel(Eigen::ArrayXXd points);
/// k(i, j) = -|x_i - x_j|: the mean discrepancy of this one is the energy distance.
PairFunction negative_distance(Eigen::ArrayXXd points);

/// The median of |x_i - x_j| over the pairs i < j, the usual length of a kernel; of an even number
/// of pairs the mean of the middle two. 1 where it would be 0 (most draws alike, or one draw).
/// Memory: size^2 / 2 doubles, checked (ConfigError).
double median_distance(const Eigen::ArrayXXd& points, const Executor& executor);

}  // namespace negphase
