#include "negphase/diagnostics/pair_function.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/memory.hpp"

namespace negphase {
namespace {

constexpr Index slice_rows = 64;

Index num_slices(Index size) { return (size + slice_rows - 1) / slice_rows; }

// work(i) for the rows of each slice
void for_slice(Index slice, Index size, const std::function<void(Index)>& work) {
  for (Index i = slice * slice_rows; i < std::min(size, (slice + 1) * slice_rows); ++i) {
    work(i);
  }
}

// |x_i - x_j|^2 by differences: a shift of all points rounds them and nothing else
void squared_distances(const Eigen::ArrayXXd& points, Index i, Index first, Eigen::ArrayXd& out) {
  out.setZero(points.rows() - first);
  for (Index c = 0; c < points.cols(); ++c) {
    out += (points.col(c).tail(out.size()) - points(i, c)).square();
  }
}

template <class F>
PairFunction of_squared_distance(Eigen::ArrayXXd points, F f) {
  const auto shared = std::make_shared<const Eigen::ArrayXXd>(std::move(points));
  return {shared->rows(), [shared, f](Index i, Index first, Eigen::ArrayXd& out) {
            squared_distances(*shared, i, first, out);
            f(out);
          }};
}

PairSums sums_of_slice(const PairFunction& k, Index m, Index slice) {
  PairSums sums;
  Eigen::ArrayXd row;
  for_slice(slice, k.size, [&](Index i) {
    k.row(i, i, row);
    const Index later_x = std::max<Index>(0, m - i - 1);  // draws of x that come after draw i
    const double to_y = row.tail(k.size - std::max(m, i + 1)).sum();
    if (i < m) {
      sums.diagonal_x += row[0];
      sums.xx += 2 * row.segment(1, later_x).sum();
      sums.xy += to_y;
    } else {
      sums.diagonal_y += row[0];
      sums.yy += 2 * to_y;
    }
  });
  return sums;
}

}  // namespace

PairSums pair_sums(const PairFunction& k, Index m, const Executor& executor) {
  PairSums sums;
  for (const PairSums& part : executor.map<PairSums>(
           num_slices(k.size), [&](Index slice) { return sums_of_slice(k, m, slice); })) {
    sums.xx += part.xx;
    sums.yy += part.yy;
    sums.diagonal_x += part.diagonal_x;
    sums.diagonal_y += part.diagonal_y;
    sums.xy += part.xy;
  }
  return sums;
}

Eigen::MatrixXd pair_matrix(const PairFunction& k, const Executor& executor) {
  const auto size = static_cast<double>(k.size);
  check_memory(sizeof(double) * size * size, std::to_string(k.size) + " draws by pairs take");
  Eigen::MatrixXd matrix(k.size, k.size);
  executor.for_each(num_slices(k.size), [&](Index slice) {
    Eigen::ArrayXd row;
    for_slice(slice, k.size, [&](Index i) {
      k.row(i, i, row);
      matrix.col(i).tail(k.size - i) = row.matrix();
      matrix.row(i).tail(k.size - i) = row.matrix().transpose();
    });
  });
  return matrix;
}

PairFunction gaussian_kernel(Eigen::ArrayXXd points, double length) {
  const double factor = -0.5 / (length * length);
  return of_squared_distance(std::move(points),
                             [factor](Eigen::ArrayXd& r2) { r2 = (factor * r2).exp(); });
}

PairFunction inverse_multiquadric_kernel(Eigen::ArrayXXd points, double length) {
  const double factor = 1 / (length * length);
  return of_squared_distance(std::move(points),
                             [factor](Eigen::ArrayXd& r2) { r2 = (1 + factor * r2).rsqrt(); });
}

PairFunction negative_distance(Eigen::ArrayXXd points) {
  return of_squared_distance(std::move(points), [](Eigen::ArrayXd& r2) { r2 = -r2.sqrt(); });
}

PairFunction hamming_kernel(Eigen::ArrayXXd points) {
  const auto shared = std::make_shared<const Eigen::ArrayXXd>(std::move(points));
  return {shared->rows(), [shared](Index i, Index first, Eigen::ArrayXd& out) {
            out.setZero(shared->rows() - first);
            for (Index c = 0; c < shared->cols(); ++c) {
              out += (shared->col(c).tail(out.size()) != (*shared)(i, c)).cast<double>();
            }
            out = (-out / static_cast<double>(shared->cols())).exp();
          }};
}

double median_distance(const Eigen::ArrayXXd& points, const Executor& executor) {
  const Index n = points.rows();
  const auto pairs = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  if (n < 2) {
    return 1;
  }
  check_memory(sizeof(double) * pairs,
               "the distances of " + std::to_string(n) + " draws by pairs take");
  std::vector<double> all(static_cast<std::size_t>(pairs));
  executor.for_each(num_slices(n), [&](Index slice) {
    Eigen::ArrayXd row;
    for_slice(slice, n, [&](Index i) {
      squared_distances(points, i, std::min(i + 1, n), row);
      std::copy(row.begin(), row.end(), all.begin() + i * n - i * (i + 1) / 2);
    });
  });
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  double median = std::sqrt(*middle);
  if (all.size() % 2 == 0) {
    median = (median + std::sqrt(*std::max_element(all.begin(), middle))) / 2;
  }
  return median > 0 ? median : 1;
}

}  // namespace negphase
