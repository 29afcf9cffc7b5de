#include "negphase/exact/data_sum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"

namespace negphase {

namespace {

constexpr Index block_chains = 64;

void refuse_bad_data(const PerChain& energy, Index first) {
  for (Index c = 0; c < energy.size(); ++c) {
    if (energy[c] == std::numeric_limits<double>::infinity()) {
      throw ConfigError(
          fmt::format("row {} of the data has energy +inf: the NLL is infinite", first + c + 1));
    }
    if (!std::isfinite(energy[c])) {
      throw ModelError(
          fmt::format("row {} of the data has energy {}: the model overflows or its "
                      "parameters are no numbers",
                      first + c + 1, energy[c]));
    }
  }
}

DataSum sum_data(const AnyEnergy<double>& free_energy, const Block<double>& y, Index first) {
  PerChain energy(y.rows());
  free_energy.energy(y, energy);
  refuse_bad_data(energy, first);
  DataSum sum{Eigen::VectorXd::Zero(free_energy.num_params()), energy.sum()};
  if (free_energy.can(Ability::param_grad)) {
    free_energy.add_param_grad(y, {0, y.rows()}, PerChain::Ones(y.rows()), sum.param_grad);
  }
  return sum;
}

}  // namespace

DataSum sum_over_data(const Eigen::MatrixXd& y, Index num_params, const BindData& free_energies,
                      const Executor& executor) {
  const Index blocks = (y.rows() + block_chains - 1) / block_chains;
  const double bytes =
      sizeof(double) * static_cast<double>(blocks) * static_cast<double>(num_params);
  if (const std::string shortage = memory_shortage(bytes); !shortage.empty()) {
    throw ConfigError(fmt::format("positive phase: sums over {} parameters on {} rows take {}",
                                  num_params, y.rows(), shortage));
  }
  auto sums = executor.map<DataSum>(blocks, [&](Index i) {
    const Index first = i * block_chains;
    const Index size = std::min(block_chains, y.rows() - first);
    const Block<double> data = y.middleRows(first, size).array();
    return sum_data(free_energies(first, size), data, first);
  });
  DataSum all = std::move(sums[0]);
  for (std::size_t i = 1; i < sums.size(); ++i) {
    all.param_grad += sums[i].param_grad;
    all.free_energy += sums[i].free_energy;
  }
  return all;
}

void check_data(const ModelShape& shape, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  if (y.rows() == 0 || y.cols() != shape.num_y()) {
    throw ConfigError(fmt::format("y is {} x {}, the model takes {} columns and at least one row",
                                  y.rows(), y.cols(), shape.num_y()));
  }
  if (shape.num_x > 0 && (x.rows() != y.rows() || x.cols() != shape.num_x)) {
    throw ConfigError(fmt::format("x is {} x {}, with {} rows of y it must be {} x {}", x.rows(),
                                  x.cols(), y.rows(), y.rows(), shape.num_x));
  }
}

}  // namespace negphase
