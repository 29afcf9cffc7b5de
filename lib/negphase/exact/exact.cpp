#include "negphase/exact/exact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/exact/cubature.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/gaussian.hpp"
#include "negphase/exact/moment_energy.hpp"
#include "negphase/exact/pairwise_sum.hpp"
#include "negphase/exact/pairwise_view.hpp"
#include "negphase/exact/pilot.hpp"
#include "negphase/exact/quadrature.hpp"
#include "negphase/exact/summed_states.hpp"

// log Z and the negative phase: one question, the methods that may answer it, and their tables.
// exact_nll.cpp has the positive phase.
namespace negphase {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// One question put to all methods.
class Task {
 public:
  /// @param timed_in  whether to say how long a method would take even where it applies
  /// @param reference  see solve_exact_with_moments(); nullptr: no moments
  Task(const AnyModel& model, const Eigen::MatrixXd& x, double beta_in,
       const ExactLimits& limits_in, bool timed_in, const Eigen::VectorXd* reference = nullptr)
      : beta(beta_in),
        limits(limits_in),
        timed(timed_in),
        model_(model),
        shape_(model.shape()),
        reference_(reference) {
    if (shape_.num_x > 0 && (x.cols() != shape_.num_x || x.rows() == 0)) {
      throw ConfigError(fmt::format("x is {} x {}, the model takes {} columns and at least one row",
                                    x.rows(), x.cols(), shape_.num_x));
    }
    if (!(beta >= 0) || !std::isfinite(beta)) {
      throw ConfigError(fmt::format("beta is {}, it must be finite and not negative", beta));
    }
    rows = shape_.num_x > 0 ? x.rows() : 1;
    prepared_ = model_.prepare(x);
  }

  AnyEnergy<double> bind(Index row, Index chains) const {
    const std::vector<Index> row_of_chain(static_cast<std::size_t>(chains), row);
    return model_.bind_double(prepared_, row_of_chain);
  }
  /// With some columns summed out, if any; with moments beside dE/dW, if they are wanted.
  BindRow binder(std::vector<Index> summed = {}) const {
    return [this, summed = std::move(summed)](Index row, Index chains) {
      AnyEnergy<double> energy = bind(row, chains);
      if (reference_ != nullptr) {
        energy = MomentEnergy(std::move(energy), *reference_);
      }
      return summed.empty() ? std::move(energy) : energy.summed_out(summed, beta);
    };
  }
  std::vector<Index> latents() const { return latent_columns(shape_); }
  Index num_params() const { return shape_.num_params; }
  /// nullptr where no moments are wanted.
  const Eigen::VectorXd* reference() const { return reference_; }

  double beta;
  const ExactLimits& limits;
  bool timed;
  Index rows = 0;

 private:
  const AnyModel& model_;
  ModelShape shape_;
  const Eigen::VectorXd* reference_;
  AnyPrepared prepared_;
};

/// What one method says of a task.
struct Verdict {
  bool applies = false;
  double states = 0, seconds = 0;
  std::string why_not;
};

Verdict refuse(std::string why_not) { return {false, 0, 0, std::move(why_not)}; }

/// @param seconds_of_state  on one thread, from a pilot
Verdict within_limit(const Task& task, double states_of_row,
                     const std::function<double()>& seconds_of_state) {
  const double states = states_of_row * static_cast<double>(task.rows);
  const bool fits = states <= task.limits.max_states;
  // who solves a thousand times asks for no pilot
  const double seconds = fits && !task.timed ? 0 : states * seconds_of_state();
  if (fits) {
    return {true, states, seconds, ""};
  }
  return refuse(fmt::format("{:.8g} states, the limit is {:.8g}; they would take {} on one thread",
                            states, task.limits.max_states, in_words(seconds)));
}

ExactAnswer empty_answer(const Task& task, const AnyEnergy<double>& energy) {
  ExactAnswer answer;
  answer.log_z.resize(task.rows);
  answer.log_z_error.resize(task.rows);
  if (energy.can(Ability::param_grad)) {
    answer.mean_param_grad.setZero(energy.num_params());
  }
  return answer;
}

/// Takes one row's moments into the answer, in which `deviation` is the variance meanwhile.
/// @param about  E[y_j - r_j | x] of all columns, then E[(y_j - r_j)^2 | x] (MomentEnergy)
void add_moments(const Task& task, const Eigen::VectorXd& about, ExactAnswer& answer) {
  const Index num_y = about.size() / 2;
  const auto rows = static_cast<double>(task.rows);
  if (answer.mean.size() == 0) {
    answer.mean.setZero(num_y);
    answer.deviation.setZero(num_y);
  }
  const Eigen::VectorXd shift = about.head(num_y);
  const Eigen::VectorXd variance = about.tail(num_y) - shift.cwiseAbs2();
  answer.mean += (*task.reference() + shift) / rows;
  answer.deviation += variance.cwiseMax(0) / rows;  // rounding may leave less than nothing
}

/// Puts the rows' results together; `error_of(result)` is the error of its log Z.
template <class RowResult, class ErrorOf>
ExactAnswer gather(const Task& task, const std::vector<RowResult>& results, ErrorOf error_of) {
  ExactAnswer answer = empty_answer(task, task.bind(0, 1));
  const Index num_params = answer.mean_param_grad.size();
  for (Index row = 0; row < task.rows; ++row) {
    const RowResult& result = results[static_cast<std::size_t>(row)];
    answer.log_z[row] = result.log_z;
    answer.log_z_error[row] = error_of(result);
    answer.mean_param_grad +=
        result.mean_param_grad.head(num_params) / static_cast<double>(task.rows);
    if (result.mean_param_grad.size() > num_params) {
      add_moments(task, result.mean_param_grad.tail(result.mean_param_grad.size() - num_params),
                  answer);
    }
    answer.evaluations += result.evaluations;
  }
  answer.deviation = answer.deviation.cwiseSqrt();
  return answer;
}

// ---- gaussian

Verdict plan_gaussian(const Task& task) {
  const AnyEnergy<double> energy = task.bind(0, pilot_chains);
  if (!energy.can(Ability::gaussian)) {
    return refuse("the model is not Gaussian");
  }
  const double energies = 2 * static_cast<double>(energy.columns().size()) + 1;
  const double states = energies * static_cast<double>(task.rows);
  return {true, states, task.timed ? states * seconds_per_state(energy, false) : 0, ""};
}

ExactAnswer solve_gaussian(const Task& task, const Executor& executor) {
  return gather(task, integrate_gaussian(task.binder(), task.rows, task.beta, executor),
                [](const GaussianSum& sum) { return sum.error; });
}

// ---- layer sum

/// The layer whose sum leaves the fewest states; empty: none can be summed out.
std::vector<Index> best_layer(const Task& task, const AnyEnergy<double>& energy) {
  std::vector<Index> best;
  double fewest = std::numeric_limits<double>::infinity();
  for (const std::vector<Index>& layer : energy.layers().layers) {
    if (!energy.can_sum_out(layer)) {
      continue;
    }
    const double left = count_states(energy.summed_out(layer, task.beta).columns());
    if (left > 0 && (best.empty() || left < fewest)) {
      best = layer;
      fewest = left;
    }
  }
  return best;
}

Verdict plan_layer_sum(const Task& task) {
  const AnyEnergy<double> energy = task.bind(0, pilot_chains);
  if (!energy.can(Ability::layers)) {
    return refuse("the model has no layers");
  }
  if (task.beta == 0) {
    return refuse("a free energy needs beta > 0");
  }
  const std::vector<Index> layer = best_layer(task, energy);
  if (layer.empty()) {
    return refuse("no layer can be summed out");
  }
  const AnyEnergy<double> marginal = energy.summed_out(layer, task.beta);
  return within_limit(task, count_states(marginal.columns()),
                      [&] { return seconds_per_state(marginal, false); });
}

template <class Sum>
double rounding_of(const Sum& sum) {
  return 4 * epsilon * (1 + std::abs(sum.log_z));
}

ExactAnswer solve_layer_sum(const Task& task, const Executor& executor) {
  // a change of a free energy costs as much as the free energy itself
  const BindRow marginal = task.binder(best_layer(task, task.bind(0, 1)));
  return gather(task, sum_states(marginal, task.rows, task.beta, Walk::plain, executor),
                rounding_of<StateSum>);
}

// ---- enumeration

constexpr double pairwise_seconds_per_state = 4e-9;  // measured: micro_enumeration

/// Whether pairwise views of all rows can take the place of their energies.
bool is_pairwise(const Task& task) {
  for (Index row = 0; row < task.rows; ++row) {
    if (!has_whole_pairwise_view(task.bind(row, 1))) {
      return false;
    }
  }
  return true;
}

Verdict plan_enumeration(const Task& task) {
  const AnyEnergy<double> energy = task.bind(0, pilot_chains);
  const double states = count_states(energy.columns());
  if (states == 0) {
    return refuse("not all columns of y and z have finitely many states");
  }
  return within_limit(task, states, [&] {
    return is_pairwise(task) ? pairwise_seconds_per_state
                             : seconds_per_state(energy, energy.can(Ability::energy_change));
  });
}

/// The moments of columns of two states follow from their means.
Eigen::VectorXd binary_moments(std::span<const Column> columns, const Eigen::VectorXd& mean,
                               const Eigen::VectorXd& reference) {
  const Index num_y = reference.size();
  Eigen::VectorXd about(2 * num_y);
  for (Index j = 0; j < num_y; ++j) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    const double low = state_code(column, 0), high = state_code(column, 1);
    // (y - low) (y - high) = 0 is linear in y^2 and y
    about[j] = mean[j] - reference[j];
    about[num_y + j] = (mean[j] - low) / (high - low) * std::pow(high - reference[j], 2) +
                       (high - mean[j]) / (high - low) * std::pow(low - reference[j], 2);
  }
  return about;
}

ExactAnswer solve_pairwise(const Task& task, const Executor& executor) {
  const auto bind = [&](Index row, Index chains) { return task.bind(row, chains); };
  std::vector<PairwiseSum> sums = sum_pairwise(bind, task.rows, task.beta, executor);
  for (PairwiseSum& sum : sums) {
    if (task.reference() != nullptr) {
      const Eigen::VectorXd about =
          binary_moments(task.bind(0, 1).columns(), sum.mean_states, *task.reference());
      Eigen::VectorXd all(sum.mean_param_grad.size() + about.size());
      all << sum.mean_param_grad, about;
      sum.mean_param_grad = std::move(all);
    }
  }
  return gather(task, sums, rounding_of<PairwiseSum>);
}

ExactAnswer solve_enumeration(const Task& task, const Executor& executor) {
  if (is_pairwise(task)) {
    return solve_pairwise(task, executor);
  }
  return gather(task, sum_states(task.binder(), task.rows, task.beta, Walk::gray_code, executor),
                rounding_of<StateSum>);
}

// ---- quadrature

/// The latents, if they can be summed out; else none.
std::vector<Index> summable_latents(const Task& task) {
  std::vector<Index> latents = task.latents();
  const bool can = !latents.empty() && task.beta > 0 && task.bind(0, 1).can_sum_out(latents);
  return can ? latents : std::vector<Index>{};
}

/// Columns that are left after the latents, if they can be summed out, and what they cost.
struct RealColumns {
  std::vector<Index> finite;
  double finite_states = 1;
  std::size_t num_real = 0;
  bool are_integrable = false;  ///< one to three real ones, the others with a list of states
};

RealColumns real_columns(std::span<const Column> columns) {
  RealColumns found;
  found.finite = finite_columns(columns);
  std::vector<Column> finite;
  for (const Index j : found.finite) {
    finite.push_back(columns[static_cast<std::size_t>(j)]);
  }
  found.finite_states = count_states(finite);
  found.num_real = static_cast<std::size_t>(
      std::count_if(columns.begin(), columns.end(),
                    [](const Column& column) { return column.kind == ColumnKind::real; }));
  found.are_integrable = found.num_real >= 1 && found.num_real <= 3 &&
                         found.num_real + finite.size() == columns.size();
  return found;
}

/// @param states  of the finite columns, each an energy at every node
Verdict plan_integral(const Task& task, const AnyEnergy<double>& energy, std::size_t num_real,
                      double states) {
  // typical; of one column most of it the scan
  const double of_row = (num_real == 3 ? 1e6 : 1e5) * states;
  const double energies = of_row * static_cast<double>(task.rows);
  const double bookkeeping = num_real == 1 ? 6e-9 : 1e-7;  // seconds a node, measured
  const bool fits = (num_real == 1 && states == 1) || energies <= task.limits.max_states;
  const double seconds =
      fits && !task.timed ? 0 : energies * (bookkeeping + seconds_per_state(energy, false));
  if (!fits) {
    return refuse(
        fmt::format("about {:.8g} energies, the limit is {:.8g}; they would take {} on "
                    "one thread",
                    energies, task.limits.max_states, in_words(seconds)));
  }
  return {true, energies, seconds, ""};
}

Verdict plan_quadrature(const Task& task) {
  const AnyEnergy<double> energy = task.binder(summable_latents(task))(0, pilot_chains);
  const RealColumns columns = real_columns(energy.columns());
  if (!columns.are_integrable || !columns.finite.empty()) {
    return refuse(fmt::format("{} columns, not one to three real ones", energy.columns().size()));
  }
  return plan_integral(task, energy, columns.num_real, 1);
}

Verdict plan_mixed(const Task& task) {
  if (task.beta == 0) {
    return refuse("a free energy needs beta > 0");
  }
  const AnyEnergy<double> energy = task.binder(summable_latents(task))(0, pilot_chains);
  const RealColumns columns = real_columns(energy.columns());
  if (!columns.are_integrable || columns.finite.empty()) {
    return refuse(fmt::format("{} columns, not one to three real ones beside finite ones",
                              energy.columns().size()));
  }
  return plan_integral(task, energy, columns.num_real, columns.finite_states);
}

/// The finite columns that are left, if any, are summed at every node.
ExactAnswer solve_quadrature(const Task& task, const Executor& executor) {
  const LineRange range{task.limits.lower, task.limits.upper};
  const BindRow rest = task.binder(summable_latents(task));
  const RealColumns columns = real_columns(rest(0, 1).columns());
  const BindRow summed = [&](Index row, Index chains) {
    return AnyEnergy<double>(SummedStates(rest(row, chains), columns.finite, task.beta));
  };
  const BindRow& bind = columns.finite.empty() ? rest : summed;
  return gather(task,
                columns.num_real == 1 ? integrate_line(bind, task.rows, task.beta, range, executor)
                                      : integrate_space(bind, task.rows, task.beta, range,
                                                        task.limits.max_states, executor),
                [](const RealIntegral& integral) { return integral.error; });
}

// ---- all methods

struct Method {
  Verdict (*plan)(const Task&);
  ExactAnswer (*solve)(const Task&, const Executor&);
};

constexpr std::array<ExactMethodInfo, 5> infos{{
    {"gaussian", "closed form, for energies quadratic in y"},
    {"layer_sum", "one layer in closed form, the other enumerated"},
    {"enumeration", "a sum over all states of y and z"},
    {"quadrature", "an integral over 1 to 3 real y, each row of x for itself"},
    {"mixed",
     "a sum over all states of the finite columns inside an integral over 1 to 3 real ones"},
}};
constexpr std::array<Method, infos.size()> methods{{
    {plan_gaussian, solve_gaussian},
    {plan_layer_sum, solve_layer_sum},
    {plan_enumeration, solve_enumeration},
    {plan_quadrature, solve_quadrature},
    {plan_mixed, solve_quadrature},
}};

/// Every method keeps E[dE/dW] of each row of x until all are there.
double bytes_of(const Task& task) {
  return sizeof(double) * static_cast<double>(task.rows) * static_cast<double>(task.num_params());
}

/// A plan and the place of its method in the tables.
std::pair<ExactPlan, std::size_t> choose(const Task& task) {
  ExactPlan plan;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    Verdict verdict = methods[i].plan(task);
    const std::string shortage = verdict.applies ? memory_shortage(bytes_of(task)) : "";
    if (!shortage.empty()) {
      verdict = refuse(shortage);
    }
    if (verdict.applies) {
      return {{std::string(infos[i].name), verdict.states, verdict.seconds, ""}, i};
    }
    plan.why_not += fmt::format("{}{}: {}", i == 0 ? "" : "; ", infos[i].name, verdict.why_not);
  }
  return {std::move(plan), methods.size()};
}

ExactAnswer solve(const Task& task, const Executor& executor) {
  const auto [plan, method] = choose(task);
  if (plan.method.empty()) {
    throw ConfigError("no exact answer: " + plan.why_not);
  }
  ExactAnswer answer = methods[method].solve(task, executor);
  answer.method = plan.method;
  return answer;
}

}  // namespace

std::span<const ExactMethodInfo> exact_methods() { return infos; }

ExactPlan plan_exact(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                     const ExactLimits& limits) {
  return choose(Task(model, x, beta, limits, true)).first;
}

ExactAnswer solve_exact(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                        const ExactLimits& limits, const Executor& executor) {
  return solve(Task(model, x, beta, limits, false), executor);
}

ExactAnswer solve_exact_with_moments(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                                     const ExactLimits& limits, const Executor& executor,
                                     const Eigen::VectorXd& reference) {
  if (reference.size() != model.shape().num_y()) {
    throw UsageError(fmt::format("moments: the reference has {} entries, y has {} columns",
                                 reference.size(), model.shape().num_y()));
  }
  return solve(Task(model, x, beta, limits, false, &reference), executor);
}

}  // namespace negphase
