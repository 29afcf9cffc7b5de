#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "negphase/core/column_states.hpp"
#include "negphase/core/error.hpp"
#include "negphase/diagnostics/distances.hpp"
#include "negphase/diagnostics/law_distances.hpp"
#include "negphase/diagnostics/pooled_draws.hpp"
#include "negphase/diagnostics/scores.hpp"
#include "negphase/diagnostics/stein_discrepancy.hpp"
#include "negphase/exact/total_variation.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {
namespace {

AnyEnergy<double> bound(const AnyModel& model, Index chains) {
  const std::vector<Index> rows(static_cast<std::size_t>(chains), 0);
  return model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)), rows);
}

std::vector<Column> columns_of_draws(const ChainDraws& draws, const ModelShape& shape) {
  if (shape.num_x > 0) {
    throw ConfigError(
        "the model has x, and each row of x a law of its own: draws cannot be held against it");
  }
  const Index given = draws.num_quantities();
  if (given != shape.num_y() && given != shape.num_y() + shape.num_z()) {
    throw ConfigError(fmt::format(
        "the draws have {} quantities, the model {} columns of y{}: give "
        "draws of the columns of y{}, in this order",
        given, shape.num_y(), shape.z.empty() ? "" : fmt::format(" and {} of z", shape.num_z()),
        shape.z.empty() ? "" : ", or of y and z"));
  }
  std::vector<Column> columns = shape.y;
  if (given > shape.num_y()) {
    columns.insert(columns.end(), shape.z.begin(), shape.z.end());
  }
  return columns;
}

void require_states(const ChainDraws& draws, const std::vector<Column>& columns) {
  for (std::size_t c = 0; c < draws.chains.size(); ++c) {
    for (Index j = 0; j < draws.num_quantities(); ++j) {
      for (Index i = 0; i < draws.num_draws(); ++i) {
        const double value = draws.chains[c](i, j);
        if (!is_state(columns[static_cast<std::size_t>(j)], value)) {
          throw ConfigError(fmt::format(
              "chain {}, draw {}: {} = {} is no state of column {} of the model; are bits coded "
              "as -1/+1, or are the columns in another order?",
              c + 1, i + 1, draws.names[static_cast<std::size_t>(j)], value, j + 1));
        }
      }
    }
  }
}

ChainDraws first_columns(const ChainDraws& draws, Index columns) {
  ChainDraws part;
  part.names.assign(draws.names.begin(), draws.names.begin() + columns);
  for (const Eigen::ArrayXXd& chain : draws.chains) {
    part.chains.emplace_back(chain.topRows(draws.num_draws()).leftCols(columns));
  }
  return part;
}

bool all_real(std::span<const Column> columns) {
  return std::all_of(columns.begin(), columns.end(),
                     [](const Column& c) { return c.kind == ColumnKind::real; });
}
bool all_listed(std::span<const Column> columns) {
  return std::all_of(columns.begin(), columns.end(),
                     [](const Column& c) { return c.num_states > 0; });
}

Eigen::ArrayXd shares(const ChainDraws& draws, std::span<const Column> columns, Index states) {
  Eigen::ArrayXd counts = Eigen::ArrayXd::Zero(states);
  for (const Eigen::ArrayXXd& chain : draws.chains) {
    for (Index i = 0; i < draws.num_draws(); ++i) {
      ++counts[state_number(columns, chain.row(i))];
    }
  }
  return counts / counts.sum();
}

/// Total variation, KL and Hellinger of the draws of y to the law of y.
void add_law_distances(const ChainDraws& draws, std::span<const Column> columns,
                       const Eigen::ArrayXd& law, double effective, Distances& distances) {
  const Eigen::ArrayXd q = shares(draws, columns, law.size());
  const auto total = static_cast<double>(draws.num_draws() * draws.num_chains());
  const double n = effective > 0 ? std::min(effective, total) : total;
  Distance row;
  row.draws = static_cast<Index>(total);
  row.note = fmt::format("{} states; floor of {:.0f} independent draws", law.size(), n);
  row.name = "kl";
  row.value = kl_divergence(q, law);
  row.floor = expected_kl_divergence(law, n);
  distances.rows.push_back(row);
  row.name = "squared_hellinger";
  row.value = squared_hellinger(q, law);
  row.floor = expected_squared_hellinger(law, n);
  distances.rows.push_back(row);
  row.name = "total_variation";
  row.value = total_variation(q, law);
  row.floor = expected_total_variation(law, n);
  row.p_value = total_variation_p_bound(row.value, row.floor, std::round(n));
  row.note += "; p is at most this (McDiarmid)";
  distances.rows.insert(distances.rows.end() - 2, row);
}

void add_stein(const PairFunction& stein, const char* name, const ThinnedDraws& thinned,
               const std::string& kernel, const DistanceOptions& options, const Executor& executor,
               Distances& distances) {
  const SteinDiscrepancy result = stein_discrepancy(stein, executor);
  Distance row;
  row.name = name;
  row.value = std::sqrt(std::max(0.0, result.v_statistic));
  row.floor = std::sqrt(std::max(0.0, result.expected_v));
  row.p_value = stein_p_value(stein, options.resamples, derive_seed(options.seed, name), executor);
  row.draws = thinned.draws.rows();
  row.every = thinned.every;
  row.note =
      fmt::format("kernel {}; floor estimated from the draws; p by {} wild bootstrap samples",
                  kernel, options.resamples);
  distances.rows.push_back(std::move(row));
  distances.notes.push_back(
      "a KSD hardly sees how the mass is shared out between separate modes, not even that one is "
      "missing: look at draws from other starts, or at an exact law");
}

/// The Stein discrepancy that goes with the columns of the energy, if any.
void add_stein_discrepancy(const ChainDraws& draws, const BindChains& bind, double beta,
                           const DistanceOptions& options, const Executor& executor,
                           Distances& distances) {
  const AnyEnergy<double> energy = bind(1);
  const ThinnedDraws thinned = every_kth(draws, options.effective_draws, options.max_draws);
  if (thinned.draws.rows() < 2) {
    distances.notes.emplace_back("no KSD: at least two independent draws are needed");
  } else if (all_real(energy.columns()) && energy.can(Ability::gradient)) {
    const double length = median_distance(thinned.draws, executor);
    add_stein(stein_kernel(thinned.draws, scores(bind, beta, thinned.draws), length), "ksd",
              thinned,
              fmt::format("(1 + r^2 / l^2)^(-1/2), l = {:.6g} (the median distance)", length),
              options, executor, distances);
  } else if (all_listed(energy.columns())) {
    add_stein(conditional_stein_kernel(thinned.draws, energy.columns(),
                                       conditional_residuals(bind, beta, thinned.draws)),
              "discrete_ksd", thinned, "exp(-hamming / d)", options, executor, distances);
  } else {
    distances.notes.emplace_back(
        "no KSD: it needs columns that are all real, with a gradient, or all finite");
  }
}

}  // namespace

Distances distances_to_model(const ChainDraws& draws, const AnyModel& model, double beta,
                             const DistanceOptions& options, const Executor& executor) {
  const ModelShape shape = model.shape();
  const std::vector<Column> columns = columns_of_draws(draws, shape);
  Distances distances;
  if (!all_finite(draws, distances.notes)) {
    return distances;
  }
  require_states(draws, columns);
  const ChainDraws of_y = first_columns(draws, shape.num_y());
  if (has_law_of_y(model, options.max_states)) {
    add_law_distances(of_y, shape.y, law_of_y(model, beta), options.effective_draws, distances);
  } else {
    distances.notes.push_back(fmt::format(
        "no total variation, KL or Hellinger distance: the law of y cannot be listed (it has real "
        "columns, more than {:.0f} states, or a z that cannot be summed out)",
        options.max_states));
  }
  const std::vector<Index> z = latent_columns(shape);
  if (z.empty() || bound(model, 1).can_sum_out(z)) {
    add_stein_discrepancy(
        of_y,
        [&](Index chains) {
          AnyEnergy<double> joint = bound(model, chains);
          return z.empty() ? std::move(joint) : joint.summed_out(z, beta);
        },
        beta, options, executor, distances);
  } else if (draws.num_quantities() > shape.num_y()) {
    add_stein_discrepancy(
        first_columns(draws, draws.num_quantities()),
        [&](Index chains) { return bound(model, chains); }, beta, options, executor, distances);
  } else {
    distances.notes.emplace_back(
        "no KSD: z cannot be summed out of this model, and the draws are without z");
  }
  distances.notes.push_back(independence_note(options.effective_draws > 0));
  return distances;
}

}  // namespace negphase
