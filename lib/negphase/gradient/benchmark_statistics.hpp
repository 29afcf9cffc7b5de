#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

// What a benchmark over several seeds says of its repetitions.
namespace negphase {

/// Seed of a repetition, below 2^63, so that `--seed` takes it: other repetitions and other suites
/// have others.
std::uint64_t repetition_seed(std::uint64_t suite_seed, int repetition);

/// Median and quartiles, NaN where there is no value.
struct Quartiles {
  double median = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();   ///< 25 %
  double high = std::numeric_limits<double>::quiet_NaN();  ///< 75 %
};

/// Of the values that are not NaN. A quartile between two values is interpolated linearly: the
/// q-quantile of n sorted values stands at (n - 1) q, counted from 0.
Quartiles quartiles(std::span<const double> values);

/// A mean over repetitions and its standard error s / sqrt(n), with divisor n - 1 in s^2.
struct MeanWithError {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< NaN below two values
};

/// Of the values that are not NaN.
MeanWithError mean_with_error(std::span<const double> values);

/// Slope of the least-squares line through (log x, log y): -1/2 for an error that falls as
/// 1 / sqrt(draws). NaN where fewer than two points are positive and finite, or all x are equal.
double log_log_slope(std::span<const double> x, std::span<const double> y);

/// The length of a bias, from lengths of errors that have noise in them too. With e_s the length
/// of seed s's error and n_s that of its standard errors, E e^2 = |bias|^2 + E n^2, so the floor
/// is sqrt(mean(e^2 - n^2)); its standard error is that of the mean, by the delta method. NaN where
/// the mean is not positive: no bias was seen.
MeanWithError bias_floor(std::span<const double> errors, std::span<const double> noises);

/// The `level`-quantile of max |z_i| of `count` independent standard normal z: the m with
/// (2 Phi(m) - 1)^count = level. Components that go together have a smaller maximum. NaN for
/// count < 1.
double largest_normal_quantile(Eigen::Index count, double level);

/// Ranks, best first, of what is better the larger it is. Sorted by median; all whose quartiles
/// overlap with those of the best of their group, up to the first that do not, are a tie: "1=",
/// "1=", "3". A NaN median has the rank "".
std::vector<std::string> ranks(std::span<const Quartiles> rows);

}  // namespace negphase
