#include "negphase/gradient/criteria/score_matching.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace negphase {

namespace {

constexpr std::array<double, 4> places{-2, -1, 1, 2};
constexpr std::array<double, 4> first_weights{1. / 12, -8. / 12, 8. / 12, -1. / 12};
constexpr std::array<double, 4> second_weights{-1. / 12, 16. / 12, 16. / 12, -1. / 12};
constexpr double second_weight_of_centre = -30. / 12;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

double first_difference_step() { return std::pow(epsilon, 1.0 / 5); }
double second_difference_step() { return std::pow(epsilon, 1.0 / 6); }

Block<double> along(const Block<double>& y, const Block<double>& direction, const PerChain& step) {
  return y + direction.colwise() * step;
}

// A direction moves no column by more than `length` of its scale.
PerChain steps_along(const Block<double>& direction, const Eigen::VectorXd& scale, double length) {
  const PerChain reach =
      (direction.abs().rowwise() / scale.transpose().array()).rowwise().maxCoeff();
  return (reach > 0).select(length / reach, 1.0);
}

/// Sums of beta^2 (D F)^2 / 2 - beta D2 F along directions, and their gradient in W.
class DirectionSums {
 public:
  DirectionSums(const RowBlock& rows, double beta)
      : rows_(rows),
        beta_(beta),
        own_(PerChain::Zero(rows.chains())),
        sum_{0, Eigen::VectorXd::Zero(rows.free_energy.num_params()), 0} {}

  void add(const Block<double>& direction, const PerChain& step, double share) {
    PerChain first = PerChain::Zero(rows_.chains());
    PerChain second = second_weight_of_centre * rows_.at_y;
    for (std::size_t a = 0; a < places.size(); ++a) {
      const PerChain energy = finite_at(along(rows_.y, direction, places[a] * step));
      first += first_weights[a] * energy;
      second += second_weights[a] * energy;
    }
    first /= step;
    second /= step.square();
    sum_.value += share * (beta_ * beta_ / 2 * first.square() - beta_ * second).sum();
    const PerChain to_first = share * beta_ * beta_ * first / step;
    const PerChain to_second = -share * beta_ / step.square();
    for (std::size_t a = 0; a < places.size(); ++a) {
      rows_.add_param_grad(along(rows_.y, direction, places[a] * step),
                           first_weights[a] * to_first + second_weights[a] * to_second,
                           sum_.gradient);
    }
    own_ += second_weight_of_centre * to_second;
    sum_.evaluations += 4 * rows_.chains();
  }

  CriterionValue total() {
    rows_.add_param_grad(rows_.y, own_, sum_.gradient);
    return sum_;
  }

 private:
  PerChain finite_at(const Block<double>& states) const {
    const PerChain energy = rows_.at(states, "a point beside it");
    for (Index c = 0; c < energy.size(); ++c) {
      if (std::isinf(energy[c])) {
        throw ModelError(fmt::format(
            "row {} of the data lies at the edge of what the model allows: the energy beside it is "
            "+inf, and score matching holds for densities that vanish smoothly",
            rows_.first + c + 1));
      }
    }
    return energy;
  }

  const RowBlock& rows_;
  double beta_;
  PerChain own_;  // weight of the rows themselves
  CriterionValue sum_;
};

void check(const Problem& problem, const Eigen::VectorXd& scale) {
  if (const std::string why = why_no_score_matching(problem); !why.empty()) {
    throw ConfigError(why);
  }
  if (scale.size() != problem.y.cols() || !(scale.minCoeff() > 0)) {
    throw UsageError("score matching: one scale above 0 for each column of y");
  }
}

void check_draws(const Problem& problem, const Eigen::MatrixXd& draws) {
  if (draws.rows() != problem.y.rows() || draws.cols() != problem.y.cols()) {
    throw UsageError("score matching: noise and slices have the shape of y");
  }
}

CriterionValue denoise(const RowBlock& rows, double beta, const Eigen::VectorXd& scale,
                       double noise_scale, const Block<double>& noise) {
  const Block<double> moved = rows.y + noise_scale * noise;
  PerChain energy(rows.chains());
  Block<double> difference(rows.chains(), rows.y.cols());
  rows.free_energy.energy_and_grad(moved, energy, difference);
  difference = noise / noise_scale - beta * difference;
  if (!difference.allFinite()) {
    throw ModelError(
        fmt::format("rows {} to {} of the data: with noise of scale {} a gradient is not finite",
                    rows.first + 1, rows.first + rows.chains(), noise_scale));
  }
  CriterionValue sum{difference.square().sum() / 2,
                     Eigen::VectorXd::Zero(rows.free_energy.num_params()), rows.chains()};
  // d|difference|^2 / 2 = -beta difference' d(grad F) = -beta D dF along the difference
  const PerChain step = steps_along(difference, scale, first_difference_step());
  for (std::size_t a = 0; a < places.size(); ++a) {
    rows.add_param_grad(along(moved, difference, places[a] * step), -beta * first_weights[a] / step,
                        sum.gradient);
  }
  return sum;
}

}  // namespace

Eigen::VectorXd column_scales(const Eigen::MatrixXd& y) {
  const Eigen::MatrixXd centred = y.rowwise() - y.colwise().mean();
  const Eigen::ArrayXd deviation =
      (centred.colwise().squaredNorm() / static_cast<double>(y.rows())).cwiseSqrt().transpose();
  return (deviation > 0).select(deviation, 1.0);
}

std::string why_no_score_matching(const Problem& problem) {
  const std::vector<Column> columns = problem.model.shape().y;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].kind != ColumnKind::real) {
      return fmt::format(
          "it takes derivatives in y, and column {} of y is discrete; there {} "
          "pseudo_likelihood, nce and ranking_nce",
          j + 1, columns[j].num_states == 2 ? "are ratio_matching," : "are");
    }
  }
  return why_no_free_energy(problem);
}

CriterionValue score_matching(const Problem& problem, const Eigen::VectorXd& scale,
                              const Executor& executor) {
  check(problem, scale);
  return mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    DirectionSums sums(rows, problem.beta);
    for (Index j = 0; j < rows.y.cols(); ++j) {
      Block<double> axis = Block<double>::Zero(rows.chains(), rows.y.cols());
      axis.col(j) = 1;
      sums.add(axis, steps_along(axis, scale, second_difference_step()), 1);
    }
    return sums.total();
  });
}

CriterionValue sliced_score_matching(const Problem& problem, const Eigen::VectorXd& scale,
                                     const std::vector<Eigen::MatrixXd>& slices,
                                     const Executor& executor) {
  check(problem, scale);
  if (slices.empty()) {
    throw UsageError("sliced score matching: one slice at least");
  }
  for (const Eigen::MatrixXd& slice : slices) {
    check_draws(problem, slice);
  }
  return mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    DirectionSums sums(rows, problem.beta);
    for (const Eigen::MatrixXd& slice : slices) {
      const Block<double> direction = slice.middleRows(rows.first, rows.chains()).array();
      sums.add(direction, steps_along(direction, scale, second_difference_step()),
               1 / static_cast<double>(slices.size()));
    }
    return sums.total();
  });
}

CriterionValue denoising_score_matching(const Problem& problem, const Eigen::VectorXd& scale,
                                        double noise_scale, const Eigen::MatrixXd& noise,
                                        const Executor& executor) {
  check(problem, scale);
  check_draws(problem, noise);
  if (!(noise_scale > 0)) {
    throw UsageError("denoising score matching: noise_scale must be above 0");
  }
  return mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    if (!rows.free_energy.can(Ability::gradient)) {
      throw ConfigError("the model has no " + member_names(0 | Ability::gradient) +
                        "; score_matching needs none");
    }
    return denoise(rows, problem.beta, scale, noise_scale,
                   noise.middleRows(rows.first, rows.chains()).array());
  });
}

}  // namespace negphase
