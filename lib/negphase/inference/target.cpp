#include "negphase/inference/target.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "negphase/core/error.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/summed_states.hpp"

namespace negphase {

namespace {

void check_question(const ModelShape& shape, const Eigen::MatrixXd& x, double beta) {
  if (shape.num_x > 0 && (x.cols() != shape.num_x || x.rows() == 0)) {
    throw ConfigError(fmt::format("x is {} x {}, the model takes {} columns and at least one row",
                                  x.rows(), x.cols(), shape.num_x));
  }
  if (!(beta > 0) || !std::isfinite(beta)) {
    throw ConfigError(fmt::format("beta is {}, inference needs a finite beta > 0", beta));
  }
}

void check_columns(std::span<const Column> columns) {
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].kind != ColumnKind::real && columns[j].num_states < 1) {
      throw ConfigError(fmt::format(
          "column {} of y and z counts without end: inference needs columns that are real or have "
          "a list of states",
          j + 1));
    }
  }
}

void check_latents(std::span<const Column> z, double max_states) {
  const double states = count_states(z);
  if (states == 0) {
    throw ConfigError(
        "z is real and cannot be summed out of this model, so that F (target = \"y\") is not to be "
        "had; take target = \"yz\", the minimum of E over y and z");
  }
  if (states > max_states) {
    throw ConfigError(fmt::format(
        "z cannot be summed out of this model but by its {:.8g} states, and the limit is {:.8g}; "
        "take target = \"yz\", the minimum of E over y and z",
        states, max_states));
  }
}

}  // namespace

TargetEnergies::TargetEnergies(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                               Target target, double max_latent_states)
    : model_(model), shape_(model.shape()), beta_(beta) {
  check_question(shape_, x, beta);
  rows_ = shape_.num_x > 0 ? x.rows() : 1;
  prepared_ = model_.prepare(x);
  if (target == Target::y) {
    summed_ = latent_columns(shape_);
  }
  const std::array<Index, 1> first{0};
  const AnyEnergy<double> joint = bind_joint(first);
  check_columns(joint.columns());
  has_closed_sum_ = !summed_.empty() && joint.can_sum_out(summed_);
  if (!summed_.empty() && !has_closed_sum_) {
    check_latents(shape_.z, max_latent_states);
  }
  columns_.assign(joint.columns().begin(), joint.columns().end());
  columns_.resize(columns_.size() - summed_.size());  // z stands last
}

AnyEnergy<double> TargetEnergies::bind_joint(std::span<const Index> row_of_chain) const {
  return model_.bind_double(prepared_, row_of_chain);
}

AnyEnergy<double> TargetEnergies::bind(std::span<const Index> row_of_chain) const {
  AnyEnergy<double> joint = bind_joint(row_of_chain);
  if (summed_.empty()) {
    return joint;
  }
  return has_closed_sum_ ? joint.summed_out(summed_, beta_)
                         : AnyEnergy<double>(SummedStates(std::move(joint), summed_, beta_));
}

AnyEnergy<double> TargetEnergies::bind_row(Index row, Index chains) const {
  return bind(std::vector<Index>(static_cast<std::size_t>(chains), row));
}

// an energy is a sum of some terms, each rounded
double tie_tolerance(double energy) {
  return 16 * std::numeric_limits<double>::epsilon() * (1 + std::abs(energy));
}

}  // namespace negphase
