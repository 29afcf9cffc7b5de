#include "negphase/gradient/loss_evaluation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "negphase/exact/enumeration.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool sums_over_answers(const Loss& loss) { return loss.row->negative == LossNegative::all_answers; }

void check_constant(const char* name, double value) {
  if (!(value > 0) || !std::isfinite(value)) {
    throw ConfigError(fmt::format("{} = {} must be a finite number > 0", name, value));
  }
}

void refuse_bad_energy(double energy, Index row, const char* of) {
  if (std::isnan(energy) || energy == -infinity) {
    throw ModelError(
        fmt::format("F({}) of row {} is {}: the model overflows, or its parameters "
                    "are no numbers; take a smaller learning_rate or an l2",
                    of, row + 1, std::isnan(energy) ? "NaN" : "-inf"));
  }
}

void refuse_bad_data(const Eigen::VectorXd& energy) {
  for (Index r = 0; r < energy.size(); ++r) {
    refuse_bad_energy(energy[r], r, "x, y");
    if (energy[r] == infinity) {
      throw ConfigError(
          fmt::format("row {} of the data has energy +inf: no loss can pull it down", r + 1));
    }
  }
}

void refuse_overflow(const Loss& loss, const LossPoint& at, Index row, double data,
                     double negative) {
  if (std::isfinite(at.value) && std::isfinite(at.by_data) && std::isfinite(at.by_negative)) {
    return;
  }
  throw ModelError(fmt::format(
      "loss \"{}\" of row {} overflows at F(x, y) = {:.6g}, F(x, yn) = {:.6g}: start where no "
      "energy is so far from 0, keep energies small by an l2 or a smaller learning_rate, or take "
      "loss = \"log\" or \"hinge\", which grow no faster than the energies",
      loss.row->name, row + 1, data, negative));
}

/// What each datum and each answer weighs in the gradient.
struct Weights {
  double value = 0;
  Eigen::VectorXd data, negative;
};

Weights weigh(const Loss& loss, const Eigen::VectorXd& data, const Eigen::VectorXd& negative,
              bool beside_all) {
  Weights sums{0, Eigen::VectorXd::Zero(data.size()), Eigen::VectorXd::Zero(negative.size())};
  const auto add = [&](Index r, Index i, double answer) {
    const LossPoint point = loss.row->at(data[r], answer, loss.constants);
    refuse_overflow(loss, point, r, data[r], answer);
    sums.value += point.value;
    sums.data[r] += point.by_data;
    if (i < negative.size()) {
      sums.negative[i] += point.by_negative;
    }
  };
  Index pairs = data.size();
  if (negative.size() == 0) {
    for (Index r = 0; r < data.size(); ++r) {
      add(r, 0, 0);
    }
  } else if (beside_all) {
    pairs = data.size() * negative.size();
    for (Index i = 0; i < negative.size(); ++i) {
      for (Index r = 0; r < data.size(); ++r) {
        add(r, i, negative[i]);
      }
    }
  } else {
    pairs = negative.size();
    for (Index i = 0; i < pairs; ++i) {
      add(i % data.size(), i, negative[i]);
    }
  }
  const auto n = static_cast<double>(pairs);
  return {sums.value / n, sums.data / n, sums.negative / n};
}

void check_answers(const Problem& p, const Loss& loss, const Negatives& negatives) {
  const Index answers = negatives.y.rows();
  const bool wants = loss.row->negative != LossNegative::none;
  const bool fits =
      wants ? answers > 0 && negatives.y.cols() == p.y.cols() &&
                  (negatives.beside_all ? p.model.shape().num_x == 0 : answers % p.rows() == 0)
            : answers == 0;
  if (!fits) {
    throw UsageError(fmt::format(
        "loss \"{}\": {} x {} negative answers do not fit {} rows of data with {} columns of y",
        loss.row->name, answers, negatives.y.cols(), p.rows(), p.y.cols()));
  }
}

// The answers lie where they lie: their derivative in W is no part of the gradient.
LossValue of_one_answer(const Problem& p, const Loss& loss, const Negatives& negatives,
                        const FreeEnergies& free_energies) {
  check_answers(p, loss, negatives);
  const Eigen::MatrixXd data = free_energies.completed(p.y);
  LossValue found;
  found.data_energy = free_energies.at(data);
  refuse_bad_data(found.data_energy);
  Eigen::MatrixXd answers;
  if (negatives.y.rows() > 0) {
    answers = free_energies.completed(negatives.y);
    found.negative_energy = free_energies.at(answers);
    for (Index i = 0; i < answers.rows(); ++i) {
      refuse_bad_energy(found.negative_energy[i], i % p.rows(), "x, yn");
    }
  }
  const Weights weights =
      weigh(loss, found.data_energy, found.negative_energy, negatives.beside_all);
  found.value = weights.value;
  found.gradient = free_energies.weighted_gradient(data, weights.data);
  if (answers.rows() > 0) {
    for (Index i = 0; i < answers.rows(); ++i) {
      if (weights.negative[i] == 0) {  // its dF/dW may be no number where F is +inf
        answers.row(i) = data.row(i % p.rows());
      }
    }
    found.gradient += free_energies.weighted_gradient(answers, weights.negative);
  }
  return found;
}

// 1 - p(y | x), beta p(y | x) (dF - E_p[dF]), by a sum over all y' for each row of x.
LossValue of_empirical_error(const Problem& p, const Loss& loss, const FreeEnergies& free_energies,
                             const Executor& executor) {
  LossValue found;
  found.data_energy = free_energies.at(p.y);
  refuse_bad_data(found.data_energy);
  const bool conditional = p.model.shape().num_x > 0;
  const auto solve = [&](Index row) {
    return solve_exact(p.model, conditional ? p.x.middleRows(row, 1).eval() : p.x, p.beta,
                       loss.limits, executor);
  };
  const auto n = static_cast<double>(p.rows());
  Eigen::VectorXd weights(p.rows());
  Eigen::VectorXd expected = Eigen::VectorXd::Zero(p.model.shape().num_params);
  ExactAnswer answer;
  double push = 0;
  for (Index r = 0; r < p.rows(); ++r) {
    if (r == 0 || conditional) {
      if (r > 0) {
        expected += push * answer.mean_param_grad;
      }
      answer = solve(r);
      push = 0;
    }
    const double log_p = std::min(0.0, -p.beta * found.data_energy[r] - answer.log_z[0]);
    found.value -= std::expm1(log_p) / n;
    weights[r] = p.beta * std::exp(log_p) / n;
    push += weights[r];
  }
  expected += push * answer.mean_param_grad;
  found.gradient = free_energies.weighted_gradient(p.y, weights) - expected;
  return found;
}

void check_finite_y(const Problem& p) {
  if (count_states(p.model.shape().y) == 0) {
    throw ConfigError(
        "loss \"minimum_empirical_error\" is 1 - p(y given x), a probability of a finite y: this "
        "y has a column that is not finite, whose density has no upper bound; take loss = \"nll\"");
  }
}

// What costs nothing to ask, at each update anew.
void check_cheaply(const Problem& p, const Loss& loss, const FreeEnergies& free_energies) {
  if (loss.row->uses_margin) {
    check_constant("margin", loss.constants.margin);
  }
  if (loss.row->uses_gamma) {
    check_constant("gamma", loss.constants.gamma);
  }
  free_energies.check();
  if (!sums_over_answers(loss)) {
    return;
  }
  if (loss.row->name == "minimum_empirical_error") {
    check_finite_y(p);
  }
  if (loss.latents == LatentRule::min) {
    throw ConfigError(fmt::format(
        "loss \"{}\" is made of p(y given x), in which z is summed out (M2): latent = \"min\" is "
        "for the other losses",
        loss.row->name));
  }
}

}  // namespace

void check_loss(const Problem& p, const Loss& loss, const Executor& executor) {
  check_cheaply(p, loss, {p.model, p.x, p.rows(), p.beta, loss.latents, executor});
  if (!sums_over_answers(loss)) {
    return;
  }
  const ExactPlan plan = plan_exact(p.model, p.x, p.beta, loss.limits);
  if (plan.method.empty()) {
    throw ConfigError(
        fmt::format("loss \"{}\" sums over all answers: {}", loss.row->name, plan.why_not));
  }
}

LossValue loss_and_gradient(const Problem& p, const Loss& loss, const Negatives& negatives,
                            const Executor& executor) {
  const FreeEnergies free_energies(p.model, p.x, p.rows(), p.beta, loss.latents, executor);
  check_cheaply(p, loss, free_energies);
  if (!sums_over_answers(loss)) {
    return of_one_answer(p, loss, negatives, free_energies);
  }
  if (loss.row->name == "nll") {
    ExactNll nll = exact_nll_gradient(p.model, p.x, p.y, p.beta, loss.limits, executor);
    return {nll.nll, std::move(nll.gradient), {}, {}};
  }
  return of_empirical_error(p, loss, free_energies, executor);
}

}  // namespace negphase
