#include "negphase/exact/peak_search.hpp"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "negphase/core/factorizations.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index population = 64, elite = 16, most_moves = 80;

/// Element `i` of van der Corput's sequence in `base`.
double radical_inverse(Index i, Index base) {
  double value = 0, digit = 1;
  for (; i > 0; i /= base) {
    digit /= static_cast<double>(base);
    value += digit * static_cast<double>(i % base);
  }
  return value;
}

/// Standard normal points in pairs of opposite sign, others for each of 16 moves.
Block<double> normal_points(Index move, Index d) {
  constexpr std::array<Index, 3> bases{2, 3, 5};
  Block<double> points(population, d);
  for (Index i = 0; i < population / 2; ++i) {
    for (Index j = 0; j < d; ++j) {
      const Index k = 1 + i + population / 2 * (move % 16);
      const double u = radical_inverse(k, bases[static_cast<std::size_t>(j)]);
      points(i, j) = std::sqrt(2.0) * boost::math::erf_inv(2 * u - 1);
    }
  }
  points.bottomRows(population / 2) = -points.topRows(population / 2);
  return points;
}

/// The scan: log density on grid^d.
class Grid {
 public:
  Grid(const LogDensity& density, Index d, const std::vector<double>& axis)
      : d_(d), n_(static_cast<Index>(axis.size())), axis_(axis) {
    Index size = 1;
    for (Index j = 0; j < d; ++j) {
      size *= n_;
    }
    Block<double> t(size, d);
    for (Index i = 0; i < size; ++i) {
      t.row(i) = place(i).transpose();
    }
    values_ = density(t);
  }

  double value(Index i) const { return values_[i]; }
  Eigen::ArrayXd place(Index i) const {
    Eigen::ArrayXd t(d_);
    for (Index j = 0; j < d_; ++j, i /= n_) {
      t[j] = axis_[static_cast<std::size_t>(i % n_)];
    }
    return t;
  }
  /// Half the distance to the neighbours.
  Eigen::ArrayXd spacing(Index i) const {
    Eigen::ArrayXd sd(d_);
    for (Index j = 0; j < d_; ++j, i /= n_) {
      const Index k = i % n_;
      const auto left = static_cast<std::size_t>(std::max(k - 1, Index{0}));
      const auto right = static_cast<std::size_t>(std::min(k + 1, n_ - 1));
      sd[j] = (axis_[right] - axis_[left]) / 4;
    }
    return sd;
  }

  /// Not below any of its up to 3^d - 1 neighbours and above one; on a plateau the best place only.
  std::vector<Index> local_maxima() const {
    std::vector<Index> maxima;
    Index best = 0;
    for (Index i = 0; i < values_.size(); ++i) {
      best = values_[i] > values_[best] ? i : best;
      if (values_[i] > -infinity && stands_out(i)) {
        maxima.push_back(i);
      }
    }
    if (maxima.empty() && values_[best] > -infinity) {
      maxima.push_back(best);
    }
    std::stable_sort(maxima.begin(), maxima.end(),
                     [&](Index a, Index b) { return values_[a] > values_[b]; });
    return maxima;
  }

 private:
  bool stands_out(Index i) const {
    bool above_one = false;
    const Index neighbours = d_ == 1 ? 3 : d_ == 2 ? 9 : 27;
    for (Index code = 0; code < neighbours; ++code) {
      Index neighbour = i, stride = 1, digits = code, rest = i;
      bool inside = true;
      for (Index j = 0; j < d_; ++j, digits /= 3, rest /= n_, stride *= n_) {
        const Index k = rest % n_ + digits % 3 - 1;
        inside = inside && k >= 0 && k < n_;
        neighbour += (digits % 3 - 1) * stride;
      }
      if (inside && values_[neighbour] > values_[i]) {
        return false;
      }
      above_one = above_one || (inside && values_[neighbour] < values_[i]);
    }
    return above_one;
  }

  Index d_, n_;
  const std::vector<double>& axis_;
  PerChain values_;
};

/// One climb.
class Climb {
 public:
  Climb(const LogDensity& density, const std::vector<double>& axis, const Eigen::ArrayXd& start,
        const Eigen::ArrayXd& sd)
      : density_(density),
        low_(axis.front()),
        high_(axis.back()),
        center_(start),
        root_(sd.matrix().asDiagonal()) {}

  /// Until the peak is resolved, or can no more be expected above `floor`.
  Peak to_top(double floor) {
    for (Index move = 0; move < most_moves && !is_done_; ++move) {
      step(move, floor);
    }
    return std::move(peak_);
  }

 private:
  void step(Index move, double floor) {
    const Index d = center_.size();
    const Block<double> t =
        (normal_points(move, d).matrix() * root_.transpose()).array().rowwise() +
        center_.transpose();
    const Block<double> inside = t.max(low_).min(high_);
    const PerChain values = density_(inside);
    std::vector<Index> order(population);
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return values[a] > values[b]; });
    const std::vector<Index> best(order.begin(), order.begin() + elite);
    note_peak(inside, values, best);
    // against the median, that of a normal law stands out by d / 2 or so
    const double rise = values[best[0]] - values[order[population / 2]];
    is_done_ = !(values[best[0]] > -infinity) || rise < 1 || peak_.value + 10 * rise < floor;
    move_to(inside(best, Eigen::all));
  }

  void note_peak(const Block<double>& t, const PerChain& values, const std::vector<Index>& best) {
    if (peak_.place.size() == 0 || values[best[0]] > peak_.value) {
      peak_.place = t.row(best[0]).transpose().matrix();
      peak_.value = values[best[0]];
    }
    peak_.spread = t(best, Eigen::all);
  }

  void move_to(const Block<double>& best) {
    const Block<double> from_old = best.rowwise() - center_.transpose();
    Eigen::MatrixXd covariance = from_old.matrix().transpose() * from_old.matrix() / elite;
    center_ = best.colwise().mean().transpose();
    // so that the factor exists, and no direction is lost for good
    covariance.diagonal() *= 1 + 1e-12;
    covariance.diagonal().array() += 1e-32 * (1 + center_.square());
    root_ = Cholesky(covariance).lower();
  }

  const LogDensity& density_;
  double low_, high_;
  Eigen::ArrayXd center_;
  Eigen::MatrixXd root_;
  Peak peak_;
  bool is_done_ = false;
};

}  // namespace

std::vector<Peak> find_peaks(const LogDensity& density, Index d, const PeakSearch& search) {
  const Grid grid(density, d, search.grid);
  std::vector<Index> starts = grid.local_maxima();
  starts.resize(std::min(starts.size(), search.most_starts));
  std::vector<Peak> peaks;
  double best = search.value_to_beat;
  for (Index start : starts) {
    Climb climb(density, search.grid, grid.place(start), grid.spacing(start));
    peaks.push_back(climb.to_top(best - search.margin));
    best = std::max(best, peaks.back().value);
  }
  return peaks;
}

}  // namespace negphase
