#include "negphase/exact/cubature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/core/factorizations.hpp"
#include "negphase/core/kernel.hpp"
#include "negphase/exact/box_sum.hpp"
#include "negphase/exact/chart.hpp"
#include "negphase/exact/peak_search.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double epsilon = std::numeric_limits<double>::epsilon();
/// Integrand below e^-negligible of its peak (both per unit of t) is left out.
constexpr double negligible = 36;
/// How far the chart goes, in t: |y| to 10^8, 10^26, 10^74 widths of the mass.
constexpr std::array<double, 3> ends{20, 60, 172};
constexpr double most_error = 0.05;  // relative, of an integral that is worth telling

/// What tells a question about one row.
struct Question {
  double beta;
  LineRange range;
  Index columns;
  double most_energies;
  double tolerance() const { return columns == 2 ? 1e-9 : 1e-7; }
};

/// -beta E.
PerChain log_density(double beta, const PerChain& energies) {
  return energies.unaryExpr([beta](double energy) { return -beta_times(beta, energy); });
}

void add_steps(std::vector<double>& grid, double step, double end) {
  while (grid.back() < end) {
    grid.push_back(grid.back() + step);
  }
}

/// Places of t, -20 to 20: dense near 0, where y = sinh t changes least. 0 itself is left out:
/// where energies overflow far out, 0 * inf makes them NaN there.
std::vector<double> scan_grid(Index columns) {
  std::vector<double> grid{columns == 2 ? 0.1 : 0.15};
  if (columns == 2) {
    add_steps(grid, 0.2, 8);
    add_steps(grid, 1, ends[0]);
  } else {
    add_steps(grid, 0.3, 4);
    add_steps(grid, 1, 8);
    add_steps(grid, 2, ends[0]);
  }
  for (std::size_t i = 0, n = grid.size(); i < n; ++i) {
    grid.push_back(-grid[i]);
  }
  std::sort(grid.begin(), grid.end());
  return grid;
}

/// Peaks of exp(-beta E), in y.
std::vector<Peak> peaks_of_density(RowNodes& nodes, const Question& question) {
  const Chart chart({question.range}, question.columns);
  PeakSearch search;
  search.grid = scan_grid(question.columns);
  auto peaks = find_peaks(
      [&](const Block<double>& t) { return log_density(question.beta, nodes.at(chart.y(t))); },
      question.columns, search);
  if (peaks.empty()) {
    throw ModelError(
        fmt::format("row {} of x: found no y at which the energy is finite", nodes.row() + 1));
  }
  for (Peak& peak : peaks) {
    peak.place = chart.y(peak.place.transpose().array()).row(0).transpose().matrix();
    peak.spread = chart.y(peak.spread);
  }
  return peaks;
}

/// Columns: axes of an ellipse about the peak on which the density is about e^-1/2 of its own.
Eigen::MatrixXd axes_of_spread(const Peak& peak) {
  const Block<double> off = peak.spread.rowwise() - peak.place.transpose().array();
  Eigen::MatrixXd covariance =
      4 * off.matrix().transpose() * off.matrix() / static_cast<double>(off.rows());
  covariance.diagonal() *= 1 + 1e-12;
  covariance.diagonal().array() +=
      std::pow(4 * epsilon, 2) * peak.place.array().square() + std::numeric_limits<double>::min();
  return Cholesky(covariance).lower();
}

/// First and second derivatives of beta E along `axes`, by differences over their lengths.
struct Slopes {
  Eigen::VectorXd first;
  Eigen::MatrixXd second;
};

Slopes slopes_at(RowNodes& nodes, double beta, const Eigen::VectorXd& place,
                 const Eigen::MatrixXd& axes) {
  const Index d = axes.rows();
  Block<double> y = place.transpose().array().replicate(1 + 2 * d * d, 1);
  // rows: the place, and for each j <= i four (two for i = j) corners of +- axis i +- axis j
  Index row = 1;
  for (Index i = 0; i < d; ++i) {
    y.row(row++) += axes.col(i).transpose().array();
    y.row(row++) -= axes.col(i).transpose().array();
    for (Index j = 0; j < i; ++j) {
      for (int corner = 0; corner < 4; ++corner) {
        y.row(row++) +=
            ((corner < 2 ? 1 : -1) * axes.col(i) + (corner % 2 == 0 ? 1 : -1) * axes.col(j))
                .transpose()
                .array();
      }
    }
  }
  const PerChain e = -log_density(beta, nodes.at(y));
  Slopes slopes{Eigen::VectorXd(d), Eigen::MatrixXd(d, d)};
  row = 1;
  for (Index i = 0; i < d; ++i, row += 2) {
    slopes.first[i] = (e[row] - e[row + 1]) / 2;
    slopes.second(i, i) = e[row] + e[row + 1] - 2 * e[0];
    for (Index j = 0; j < i; ++j, row += 4) {
      slopes.second(i, j) = slopes.second(j, i) =
          (e[row + 2] - e[row + 3] - e[row + 4] + e[row + 5]) / 4;
    }
  }
  return slopes;
}

/// The peak after some steps of Newton, none longer than its spread: where axes bend, those beside
/// the peak stand askew.
Slopes polish(RowNodes& nodes, double beta, Eigen::VectorXd& place, const Eigen::MatrixXd& axes) {
  constexpr int steps = 6;
  Slopes slopes = slopes_at(nodes, beta, place, axes);
  for (int i = 0; i < steps; ++i) {
    const Cholesky factor(slopes.second);
    if (!slopes.second.allFinite() || !factor.is_positive_definite()) {
      break;
    }
    const Eigen::VectorXd step = -factor.solve(slopes.first);
    place += axes * step / std::max(1.0, step.norm());
    slopes = slopes_at(nodes, beta, place, axes);
  }
  return slopes;
}

/// Axes of the peak's curvature; those of y where the couplings are weak (many an integrand is a
/// product there), and where the curvature says nothing, which is below what its spread allows.
Eigen::MatrixXd whitening(RowNodes& nodes, double beta, Peak& peak) {
  constexpr double weak = 0.3;       // of a partial correlation
  constexpr double least = 1e-4;     // eigenvalue: correlations up to 0.9999
  constexpr double stretched = 400;  // variance, in units of the spread's
  const Eigen::MatrixXd axes = axes_of_spread(peak), inverse = inverse_of(axes);
  const Eigen::MatrixXd second = polish(nodes, beta, peak.place, axes).second;
  const Eigen::VectorXd spread = axes.rowwise().norm();
  if (!second.allFinite()) {
    return spread.asDiagonal();
  }
  Eigen::MatrixXd precision = inverse.transpose() * second * inverse;
  const Eigen::VectorXd sd = precision.diagonal()
                                 .cwiseMax(spread.array().square().inverse().matrix() / stretched)
                                 .cwiseSqrt()
                                 .cwiseInverse();
  precision = (sd.asDiagonal() * precision * sd.asDiagonal()).eval();
  precision.diagonal().setOnes();
  const SymmetricEigen eigen = symmetric_eigen(precision);
  precision.diagonal().setZero();
  if (precision.cwiseAbs().maxCoeff() < weak) {
    return sd.asDiagonal();
  }
  return sd.asDiagonal() * eigen.vectors *
         eigen.values.cwiseMax(least).cwiseSqrt().cwiseInverse().asDiagonal();
}

/// The peak with the most mass, as far as its spread tells.
const Peak& main_peak(const std::vector<Peak>& peaks) {
  const auto mass = [](const Peak& peak) {
    return peak.value + std::log(std::abs(determinant_of(axes_of_spread(peak))));
  };
  return *std::max_element(peaks.begin(), peaks.end(),
                           [&](const Peak& a, const Peak& b) { return mass(a) < mass(b); });
}

Chart chart_of(RowNodes& nodes, const Question& question, const std::vector<Peak>& peaks) {
  if (!question.range.is_whole_line()) {
    return Chart({question.range}, question.columns);
  }
  Peak peak = main_peak(peaks);
  const Eigen::MatrixXd axes = whitening(nodes, question.beta, peak);
  return Chart({question.range}, peak.place, axes);
}

std::vector<Mode> modes_in(const Chart& chart, const std::vector<Peak>& peaks) {
  std::vector<Mode> modes;
  for (const Peak& peak : peaks) {
    const Block<double> place = chart.t(peak.place.transpose().array());
    const Block<double> off = chart.t(peak.spread).rowwise() - place.row(0);
    Mode mode;
    mode.place = place.row(0).transpose();
    mode.width = 2 * off.square().colwise().mean().sqrt().transpose() + 1e-12;
    mode.value = peak.value + chart.log_slope(place)[0];
    if (mode.place.isFinite().all() && mode.width.isFinite().all()) {
      modes.push_back(std::move(mode));
    }
  }
  return modes;
}

/// The largest log of the integrand on the faces |t_j| = end, as far as it may matter.
class Faces {
 public:
  Faces(RowNodes& nodes, const Chart& chart, double beta, double peak)
      : nodes_(nodes), chart_(chart), beta_(beta), peak_(peak) {}

  /// Far out energies may cancel to NaN, of which nothing follows: `is_far`.
  bool matter(double end, bool is_far) {
    for (Index axis = 0; axis < chart_.dimensions(); ++axis) {
      for (double side : {-end, end}) {
        if (highest(axis, side, end, is_far) > peak_ - negligible) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  double highest(Index axis, double side, double end, bool is_far) {
    const Index d = chart_.dimensions();
    const auto density = [&](const Block<double>& on_face) {
      Block<double> t(on_face.rows(), d);
      t.leftCols(axis) = on_face.leftCols(axis);
      t.col(axis) = side;
      t.rightCols(d - 1 - axis) = on_face.rightCols(d - 1 - axis);
      const Block<double> y = chart_.y(t);
      const PerChain energies = is_far ? nodes_.unchecked(y) : nodes_.at(y);
      const PerChain logs = log_density(beta_, energies) + chart_.log_slope(t);
      return PerChain(logs.isNaN().select(-infinity, logs));
    };
    PeakSearch search;
    const int steps = d == 2 ? 41 : 21;
    for (int k = -steps; k <= steps; k += 2) {
      search.grid.push_back(end * k / steps);
    }
    search.most_starts = 2;
    search.margin = negligible;
    search.value_to_beat = peak_;
    double best = -infinity;
    for (const Peak& peak : find_peaks(density, d - 1, search)) {
      best = std::max(best, peak.value);
    }
    return best;
  }

  RowNodes& nodes_;
  const Chart& chart_;
  double beta_, peak_;
};

/// How far the integral goes: where the integrand no more matters, nor does farther out.
double end_of_mass(RowNodes& nodes, const Chart& chart, double beta,
                   const std::vector<Mode>& modes) {
  double peak = -infinity;
  for (const Mode& mode : modes) {
    peak = std::max(peak, mode.value);
  }
  Faces faces(nodes, chart, beta, peak);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (!faces.matter(ends[i], false)) {
      if (i + 1 == ends.size() || !faces.matter(ends[i + 1], true)) {
        return ends[i];
      }
      break;
    }
  }
  throw ModelError(fmt::format(
      "row {} of x: exp(-beta E) does not decay towards the ends of the range of y: not "
      "normalisable, or too nearly so to be integrated",
      nodes.row() + 1));
}

RealIntegral integrate_row(const BindRow& bind, Index row, const Question& question,
                           const Executor& executor) {
  RowNodes nodes(bind, row, executor);
  const std::vector<Peak> peaks = peaks_of_density(nodes, question);
  const Chart chart = chart_of(nodes, question, peaks);
  std::vector<Mode> modes = modes_in(chart, peaks);
  const double end = end_of_mass(nodes, chart, question.beta, modes);
  BoxSum boxes(
      nodes, chart,
      {question.beta, end, question.tolerance(), question.most_energies, std::move(modes)});
  RealIntegral integral;
  integral.log_z = boxes.log_integral();
  integral.error = boxes.relative_error() + epsilon * std::abs(integral.log_z);
  if (!boxes.is_closed() || !(boxes.is_settled() || integral.error < most_error)) {
    throw ModelError(fmt::format(
        "row {} of x: the integral over y does not settle: relative error {:.1e} after {:.3g} "
        "energies, the limit is {:.3g}: not normalisable, or too rough",
        row + 1, boxes.relative_error(), nodes.evaluations(), question.most_energies));
  }
  if (nodes.has_param_grad()) {
    integral.mean_param_grad = boxes.mean_param_grad();
  }
  integral.evaluations = nodes.evaluations();
  return integral;
}

}  // namespace

std::vector<RealIntegral> integrate_space(const BindRow& bind, Index rows, double beta,
                                          const LineRange& range, double most_energies,
                                          const Executor& executor) {
  check_range(range, beta);
  const auto columns = static_cast<Index>(bind(0, 1).columns().size());
  const Question question{beta, range, columns, most_energies};
  const Executor alone(1);
  const Executor& inside = rows == 1 ? executor : alone;
  return executor.map<RealIntegral>(
      rows, [&](Index row) { return integrate_row(bind, row, question, inside); });
}

}  // namespace negphase
