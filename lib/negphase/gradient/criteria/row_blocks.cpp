#include "negphase/gradient/criteria/row_blocks.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "negphase/core/column_change.hpp"
#include "negphase/core/memory.hpp"

namespace negphase {

namespace {

constexpr Index rows_in_block = 64;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// NaN and -inf are no energies; +inf is probability zero.
bool is_energy(double e) { return !std::isnan(e) && e != -infinity; }

void check_sizes(const Problem& p) {
  const ModelShape shape = p.model.shape();
  if (p.y.rows() == 0 || p.y.cols() != shape.num_y()) {
    throw ConfigError(fmt::format("y is {} x {}, the model takes {} columns and at least one row",
                                  p.y.rows(), p.y.cols(), shape.num_y()));
  }
  if (shape.num_x > 0 && (p.x.rows() != p.y.rows() || p.x.cols() != shape.num_x)) {
    throw ConfigError(fmt::format("x is {} x {}, with {} rows of y it must be {} x {}", p.x.rows(),
                                  p.x.cols(), p.y.rows(), p.y.rows(), shape.num_x));
  }
  if (!(p.beta > 0) || !std::isfinite(p.beta)) {
    throw ConfigError(fmt::format("beta = {} must be a finite number above 0", p.beta));
  }
}

void check_data(const PerChain& energy, Index first) {
  for (Index c = 0; c < energy.size(); ++c) {
    if (energy[c] == infinity) {
      throw ConfigError(fmt::format(
          "row {} of the data has energy +inf: it is impossible under the model", first + c + 1));
    }
    if (!std::isfinite(energy[c])) {
      throw ModelError(
          fmt::format("row {} of the data has energy {}: the model overflows or its parameters are "
                      "no numbers",
                      first + c + 1, energy[c]));
    }
  }
}

AnyEnergy<double> free_energy_of(const Problem& p, const AnyPrepared& prepared, Index first,
                                 Index size) {
  std::vector<Index> row_of_chain(static_cast<std::size_t>(size), 0);
  if (p.model.shape().num_x > 0) {
    std::iota(row_of_chain.begin(), row_of_chain.end(), first);
  }
  AnyEnergy<double> energy = p.model.bind_double(prepared, row_of_chain);
  const std::vector<Index> latents = latent_columns(p.model.shape());
  return latents.empty() ? std::move(energy) : energy.summed_out(latents, p.beta);
}

}  // namespace

PerChain RowBlock::change(Index site, const PerChain& values) const {
  PerChain out = column_change(free_energy, y, at_y, site, values);
  for (Index c = 0; c < chains(); ++c) {
    if (!is_energy(out[c])) {
      throw ModelError(
          fmt::format("row {} of the data: the energy changes by {} where column {} "
                      "becomes {}",
                      first + c + 1, out[c], site + 1, values[c]));
    }
  }
  return out;
}

PerChain RowBlock::at(const Block<double>& states, const std::string& what) const {
  PerChain out(chains());
  free_energy.energy(states, out);
  for (Index c = 0; c < chains(); ++c) {
    if (!is_energy(out[c])) {
      throw ModelError(
          fmt::format("row {} of the data: {} has energy {}", first + c + 1, what, out[c]));
    }
  }
  return out;
}

std::string why_no_free_energy(const Problem& problem) {
  const ModelShape shape = problem.model.shape();
  const Eigen::MatrixXd x = problem.x.topRows(std::min<Index>(1, problem.x.rows()));
  const std::array<Index, 1> row{0};
  const AnyEnergy<double> energy = problem.model.bind_double(problem.model.prepare(x), row);
  const std::vector<Index> latents = latent_columns(shape);
  if (!latents.empty() && !energy.can_sum_out(latents)) {
    return "it needs the free energy F(x, y), and z cannot be summed out of this model; loss = "
           "\"nll\" with gradient = \"cd\" or \"pcd\" samples z";
  }
  if (!energy.can(Ability::param_grad)) {
    return "the model has no " + member_names(0 | Ability::param_grad);
  }
  return "";
}

CriterionValue mean_over_rows(const Problem& problem, const Executor& executor,
                              const std::function<CriterionValue(const RowBlock&)>& sum_of) {
  check_sizes(problem);
  if (const std::string why = why_no_free_energy(problem); !why.empty()) {
    throw ConfigError(why);
  }
  const AnyPrepared prepared = problem.model.prepare(problem.x);
  const Index blocks = (problem.rows() + rows_in_block - 1) / rows_in_block;
  check_memory(sizeof(double) * static_cast<double>(blocks) *
                   static_cast<double>(problem.model.params().size()),
               fmt::format("sums over {} parameters on {} rows take", problem.model.params().size(),
                           problem.rows()));
  const auto sums = executor.map<CriterionValue>(blocks, [&](Index b) {
    const Index first = b * rows_in_block;
    const Index size = std::min(rows_in_block, problem.rows() - first);
    const AnyEnergy<double> energy = free_energy_of(problem, prepared, first, size);
    const Block<double> y = problem.y.middleRows(first, size).array();
    PerChain at_y(size);
    energy.energy(y, at_y);
    check_data(at_y, first);
    CriterionValue sum = sum_of(RowBlock{energy, y, at_y, first});
    sum.evaluations += size;
    return sum;
  });
  CriterionValue mean = sums.front();
  for (std::size_t b = 1; b < sums.size(); ++b) {
    mean.value += sums[b].value;
    mean.gradient += sums[b].gradient;
    mean.evaluations += sums[b].evaluations;
  }
  mean.value /= static_cast<double>(problem.rows());
  mean.gradient /= static_cast<double>(problem.rows());
  return mean;
}

}  // namespace negphase
