#include "negphase/exact/latent_sum.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "negphase/core/conditioned.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/exact/cubature.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/quadrature.hpp"
#include "negphase/exact/summed_states.hpp"

namespace negphase {

namespace {

/// Row numbers of x for data rows first .. first + size - 1.
std::vector<Index> rows_of_x(const ModelShape& shape, Index first, Index size) {
  std::vector<Index> rows;
  for (Index c = 0; c < size; ++c) {
    rows.push_back(shape.num_x > 0 ? first + c : 0);
  }
  return rows;
}

/// Real z of each datum for itself, y clamped there; finite z summed inside of it.
DataSum integrate_latents(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                          double beta, double max_states, const LineRange& range,
                          const Executor& executor) {
  const ModelShape shape = model.shape();
  check_memory(
      sizeof(double) * static_cast<double>(y.rows()) * static_cast<double>(shape.num_params),
      fmt::format("positive phase: dE/dW of {} parameters on {} rows take", shape.num_params,
                  y.rows()));
  const AnyPrepared prepared = model.prepare(x);
  const std::vector<Index> finite = finite_columns(shape.z);
  const BindRow bind = [&](Index row, Index chains) {
    const Index of_x = shape.num_x > 0 ? row : 0;
    Block<double> clamped = Block<double>::Zero(chains, shape.num_y() + shape.num_z());
    clamped.leftCols(shape.num_y()).rowwise() = y.row(row).array();
    AnyEnergy<double> of_z = Conditioned<AnyEnergy<double>>(
        model.bind_double(prepared, std::vector<Index>(static_cast<std::size_t>(chains), of_x)),
        latent_columns(shape), std::move(clamped));
    return finite.empty() ? std::move(of_z)
                          : AnyEnergy<double>(SummedStates(std::move(of_z), finite, beta));
  };
  const bool is_line = shape.z.size() - finite.size() == 1;
  try {
    const std::vector<RealIntegral> integrals =
        is_line ? integrate_line(bind, y.rows(), beta, range, executor)
                : integrate_space(bind, y.rows(), beta, range, max_states, executor);
    DataSum sum{Eigen::VectorXd::Zero(integrals[0].mean_param_grad.size()), 0};
    for (const RealIntegral& integral : integrals) {
      sum.param_grad += integral.mean_param_grad;
      sum.free_energy -= integral.log_z / beta;
    }
    return sum;
  } catch (const ModelError& failed) {
    throw ModelError(fmt::format(
        "positive phase, integral over z at a row of the data (in what follows z is called y, and "
        "a row of the data one of x): {}",
        failed.what()));
  }
}

}  // namespace

LatentPlan plan_latents(const ModelShape& shape, Index rows, double beta, double max_states) {
  if (!(beta > 0)) {
    return {"", 0, "a free energy needs beta > 0"};
  }
  std::vector<Column> finite;
  std::size_t num_real = 0;
  for (const Column& column : shape.z) {
    if (column.num_states > 0) {
      finite.push_back(column);
    } else if (column.kind == ColumnKind::real) {
      ++num_real;
    }
  }
  if (num_real > 3 || finite.size() + num_real < shape.z.size()) {
    return {
        "", 0,
        fmt::format("{} columns of z, not finite ones and up to three real ones", shape.z.size())};
  }
  const double of_state = num_real == 0 ? 1 : num_real == 3 ? 1e6 : 1e5;
  const double states = count_states(finite) * of_state * static_cast<double>(rows);
  if (!(states <= max_states)) {
    return {"", states,
            fmt::format("z has {:.8g} {} at the rows of the data, the limit is {:.8g}", states,
                        num_real == 0 ? "states" : "energies to integrate", max_states)};
  }
  return {num_real == 0 ? "enumeration" : finite.empty() ? "quadrature" : "mixed", states, ""};
}

DataSum sum_over_latents(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                         double beta, double max_states, const LineRange& range,
                         const Executor& executor) {
  const ModelShape shape = model.shape();
  check_data(shape, x, y);
  const LatentPlan plan = plan_latents(shape, y.rows(), beta, max_states);
  if (plan.method.empty()) {
    throw ConfigError("the latents cannot be summed out: " + plan.why_not);
  }
  if (plan.method != "enumeration") {
    return integrate_latents(model, x, y, beta, max_states, range, executor);
  }
  const AnyPrepared prepared = model.prepare(x);
  return sum_over_data(
      y, shape.num_params,
      [&](Index first, Index size) {
        return AnyEnergy<double>(
            SummedStates(model.bind_double(prepared, rows_of_x(shape, first, size)),
                         latent_columns(shape), beta));
      },
      executor);
}

}  // namespace negphase
