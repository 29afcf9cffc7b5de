#include "negphase/gradient/hessian.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "negphase/core/conditioned.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/second_order_model.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

Eigen::MatrixXd square_of(const Eigen::VectorXd& triangle, Index size) {
  Eigen::MatrixXd square(size, size);
  Index at = 0;
  for (Index i = 0; i < size; ++i) {
    for (Index j = 0; j <= i; ++j) {
      square(i, j) = square(j, i) = triangle[at++];
    }
  }
  return square;
}

Eigen::VectorXd triangle_of(const Eigen::MatrixXd& square) {
  Eigen::VectorXd triangle(square.rows() * (square.rows() + 1) / 2);
  Index at = 0;
  for (Index i = 0; i < square.rows(); ++i) {
    for (Index j = 0; j <= i; ++j) {
      triangle[at++] = square(i, j);
    }
  }
  return triangle;
}

// E[S] - beta E[g] E[g]' from the means of g and S
Eigen::MatrixXd part_of(const Eigen::VectorXd& means, Index size, double beta) {
  const auto g = means.head(size);
  return square_of(means.tail(means.size() - size), size) - beta * (g * g.transpose()).eval();
}

void check_size(const Problem& p) {
  const Index size = p.model.shape().num_params;
  if (size > most_hessian_params) {
    throw ConfigError(fmt::format(
        "second derivatives: the model has {} parameters, and their number is squared; at most {}",
        size, most_hessian_params));
  }
  if (!(p.beta > 0)) {
    throw ConfigError(
        fmt::format("second derivatives: beta = {}, but the loss needs beta > 0", p.beta));
  }
}

bool all_finite(std::span<const Column> columns) {
  for (const Column& column : columns) {
    if (column.num_states == 0) {
      return false;
    }
  }
  return true;
}

/// A model whose latents are columns of y: exact methods then give the joint law.
class Joined {
 public:
  using Prepared = SecondOrderModel::Prepared;
  explicit Joined(SecondOrderModel model) : inner_(std::move(model)) {}
  ModelShape shape() const {
    ModelShape shape = inner_.shape();
    shape.y.insert(shape.y.end(), shape.z.begin(), shape.z.end());
    shape.z.clear();
    return shape;
  }
  const Params& params() const { return inner_.params(); }
  Joined with_params(std::shared_ptr<const Params> w) const {
    return Joined(inner_.with_params(std::move(w)));
  }
  std::string param_name(Index i) const { return inner_.param_name(i); }
  auto prepare(const Eigen::MatrixXd& x) const { return inner_.prepare(x); }
  template <class Scalar>
  AnyEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                         std::span<const Index> rows) const {
    return inner_.bind<Scalar>(std::move(prepared), rows);
  }

 private:
  SecondOrderModel inner_;
};

// means of g and S under p(z | x, y) of one row of the data
Eigen::VectorXd means_at_datum(const SecondOrderModel& model,
                               const std::shared_ptr<const SecondOrderModel::Prepared>& prepared,
                               const Problem& p, Index row) {
  const ModelShape shape = model.shape();
  const auto bind = [&](Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return model.bind<double>(prepared, rows);
  };
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(shape.num_params);
  if (shape.z.empty()) {
    bind(1).add_param_grad(p.y.row(row).array(), {0, 1}, PerChain::Ones(1), sum);
    return sum;
  }
  const auto clamped = [&](Index chains) {
    Block<double> values = Block<double>::Zero(chains, shape.num_y() + shape.num_z());
    values.leftCols(shape.num_y()).rowwise() = p.y.row(row).array();
    return AnyEnergy<double>(
        Conditioned<AnyEnergy<double>>(bind(chains), latent_columns(shape), values));
  };
  const StateTable table = tabulate_states(clamped, p.beta);
  clamped(table.states.rows())
      .add_param_grad(table.states, {0, table.states.rows()}, table.probability, sum);
  return sum;
}

Hessian exact_result(Eigen::MatrixXd positive, Eigen::MatrixXd negative) {
  Hessian h;
  h.value = negative - positive;
  h.standard_error = Eigen::MatrixXd::Zero(h.value.rows(), h.value.cols());
  h.degrees_of_freedom = Eigen::MatrixXd::Constant(h.value.rows(), h.value.cols(), inf);
  h.positive = std::move(positive);
  h.negative = std::move(negative);
  return h;
}

Eigen::MatrixXd exact_positive(const SecondOrderModel& model, const Problem& p) {
  const auto prepared = model.prepare(p.x);
  const Index size = model.num_params();
  Eigen::MatrixXd positive = Eigen::MatrixXd::Zero(size, size);
  for (Index row = 0; row < p.rows(); ++row) {
    positive += part_of(means_at_datum(model, prepared, p, row), size, p.beta) /
                static_cast<double>(p.rows());
  }
  return positive;
}

// A covariance about the means of its row, linear in the means of each cell: the cells' mean is the
// estimate, and their spread its error (delta method). [P (P + 1) / 2]
ReplicateMean sampled_part(const Phase& phase, Index size, double beta) {
  const Replicates& replicates = *phase.replicates;
  const Index rows = std::max<Index>(1, replicates.rows()), cells = replicates.cells();
  Eigen::MatrixXd row_means = Eigen::MatrixXd::Zero(size, rows);
  Eigen::VectorXd weight = Eigen::VectorXd::Zero(rows);
  for (Index cell = 0; cell < cells; ++cell) {
    const auto n = static_cast<double>(replicates.cell_size(cell));
    row_means.col(cell % rows) += n * phase.cell_means.col(cell).head(size);
    weight[cell % rows] += n;
  }
  row_means.array().rowwise() /= weight.transpose().array();
  Eigen::MatrixXd linear(phase.cell_means.rows() - size, cells);
  for (Index cell = 0; cell < cells; ++cell) {
    const Eigen::VectorXd g = phase.cell_means.col(cell).head(size);
    const Eigen::VectorXd mean = row_means.col(cell % rows);
    const Eigen::MatrixXd products =
        mean * g.transpose() + g * mean.transpose() - mean * mean.transpose();
    linear.col(cell) =
        phase.cell_means.col(cell).tail(linear.rows()) - beta * triangle_of(products);
  }
  return combine(replicates, linear);
}

void check_chains(const Problem& p, const HessianPlan& plan) {
  const bool by_row = p.model.shape().num_x > 0;
  if (plan.chains < (by_row ? 2 : 16) || plan.positive_chains < 2 || plan.draws < 1 ||
      plan.thin < 1 || plan.warmup < 0 || (by_row && p.rows() * (plan.chains - 1) < 15)) {
    throw ConfigError(
        "second derivatives by chains: an error bar needs at least 16 chains, 2 on each row, and "
        "a draw of each");
  }
}

Phase draw_part(const Problem& p, const SecondOrderModel& model, const AnySampler& sampler,
                const HessianPlan& plan, const RunSettings& run, bool clamped) {
  const Problem second{model, p.x, p.y, p.beta};
  PhaseSpec spec;
  spec.role =
      clamped ? "positive phase of second derivatives" : "negative phase of second derivatives";
  spec.clamp_y = clamped;
  spec.replicates = clamped                     ? Replicates::by_row(p.rows(), plan.positive_chains)
                    : p.model.shape().num_x > 0 ? Replicates::by_row(p.rows(), plan.chains)
                                                : Replicates::by_group(plan.chains);
  if (!clamped && p.model.shape().num_x == 0) {
    spec.start = start_at_random_rows(p, derive_seed(run.seed, "start"));
  }
  PhaseChains chains(second, sampler, std::move(spec), run);
  return chains.draw({plan.warmup, plan.draws, plan.thin});
}

}  // namespace

Hessian exact_hessian(const Problem& p, const ExactLimits& limits, const Executor& executor) {
  check_size(p);
  const ModelShape shape = p.model.shape();
  const bool joint = shape.z.empty() || (all_finite(shape.y) && all_finite(shape.z));
  if (!joint && !positive_has_closed_form(p)) {
    throw ConfigError("second derivatives: z cannot be summed out of this model");
  }
  const SecondOrderModel model(
      p.model, p.beta, joint ? SecondOrderModel::Of::energy : SecondOrderModel::Of::free_energy);
  const AnyModel law = Joined(model);
  const Index size = shape.num_params, rows = shape.num_x > 0 ? p.rows() : 1;
  Eigen::MatrixXd negative = Eigen::MatrixXd::Zero(size, size);
  std::string method;
  for (Index row = 0; row < rows; ++row) {
    const ExactAnswer answer = solve_exact(law, p.x.middleRows(row, 1), p.beta, limits, executor);
    method = answer.method;
    negative += part_of(answer.mean_param_grad, size, p.beta) / static_cast<double>(rows);
  }
  Hessian h = exact_result(exact_positive(model, p), std::move(negative));
  h.method = method;
  h.by_differences = !model.is_linear();
  return h;
}

Hessian sampled_hessian(const Problem& p, const AnySampler& sampler, const HessianPlan& plan,
                        const RunSettings& run) {
  check_size(p);
  check_chains(p, plan);
  check_sampler(p, sampler);
  const SecondOrderModel model(p.model, p.beta, SecondOrderModel::Of::energy);
  const Index size = model.num_params();
  const ReplicateMean negative =
      sampled_part(draw_part(p, model, sampler, plan, run, false), size, p.beta);
  ReplicateMean positive;
  if (p.model.shape().z.empty()) {
    positive = exact_phase(triangle_of(exact_positive(model, p))).gradient;
  } else {
    positive = sampled_part(draw_part(p, model, sampler, plan, run, true), size, p.beta);
  }
  const ReplicateMean both = difference(negative, positive);
  Hessian h;
  h.value = square_of(both.mean, size);
  h.standard_error = square_of(both.squared_error.cwiseSqrt(), size);
  h.degrees_of_freedom = square_of(both.degrees_of_freedom, size);
  h.positive = square_of(positive.mean, size);
  h.negative = square_of(negative.mean, size);
  h.method = sampler.name;
  h.by_differences = !model.is_linear();
  return h;
}

}  // namespace negphase
