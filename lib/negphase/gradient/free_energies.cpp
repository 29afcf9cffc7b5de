#include "negphase/gradient/free_energies.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/summed_states.hpp"

namespace negphase {

namespace {

constexpr Index block_answers = 64;
/// z of more states are not enumerated for each answer.
constexpr double most_latent_states = 1 << 12;

Index num_blocks(const Eigen::MatrixXd& answers) {
  return (answers.rows() + block_answers - 1) / block_answers;
}

// state k of the columns, the first column most significant
template <class Row>
void set_state(std::span<const Column> columns, Index k, Row&& row) {
  for (Index j = row.size() - 1; j >= 0; --j) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    row[j] = state_code(column, k % column.num_states);
    k /= column.num_states;
  }
}

}  // namespace

FreeEnergies::FreeEnergies(const AnyModel& model, const Eigen::MatrixXd& x, Index rows, double beta,
                           LatentRule latents, const Executor& executor)
    : executor_(executor),
      model_(model),
      shape_(model.shape()),
      prepared_(model.prepare(x)),
      rows_(rows),
      beta_(beta),
      latents_(latents),
      has_closed_sum_(!shape_.z.empty() && model_.bind_double(prepared_, std::array<Index, 1>{0})
                                               .can_sum_out(latent_columns(shape_))) {}

void FreeEnergies::check() const {
  if (!(beta_ > 0)) {
    throw ConfigError(
        fmt::format("beta is {}: a free energy, scaled by 1 / beta, needs beta > 0", beta_));
  }
  const double states = count_states(shape_.z);
  if (shape_.z.empty() || (states > 0 && states <= most_latent_states) ||
      (latents_ == LatentRule::sum && has_closed_sum_)) {
    return;
  }
  const std::string why = states == 0 ? std::string("it is not finite")
                                      : fmt::format(
                                            "it has {:.3g} states, and at most {:.0f} are "
                                            "enumerated for each answer",
                                            states, most_latent_states);
  throw ConfigError(
      latents_ == LatentRule::min
          ? "latent = \"min\": the best z cannot be had: " + why +
                (has_closed_sum_ ? "; latent = \"sum\" needs no list of its states" : "")
          : "z cannot be summed out of this model, and the loss needs the value of F: " + why +
                "; take loss = \"nll\", which needs no value");
}

AnyEnergy<double> FreeEnergies::energy_of(Index first, Index size) const {
  std::vector<Index> row_of_chain;
  for (Index c = first; c < first + size; ++c) {
    row_of_chain.push_back(shape_.num_x > 0 ? c % rows_ : 0);
  }
  AnyEnergy<double> energy = model_.bind_double(prepared_, row_of_chain);
  if (shape_.z.empty() || latents_ == LatentRule::min) {
    return energy;
  }
  const std::vector<Index> z = latent_columns(shape_);
  return has_closed_sum_ ? energy.summed_out(z, beta_)
                         : AnyEnergy<double>(SummedStates(std::move(energy), z, beta_));
}

Eigen::MatrixXd FreeEnergies::completed(const Eigen::MatrixXd& y) const {
  if (shape_.z.empty() || latents_ == LatentRule::sum) {
    return y;
  }
  Eigen::MatrixXd answers(y.rows(), shape_.num_y() + shape_.num_z());
  answers.leftCols(shape_.num_y()) = y;
  executor_.for_each(y.rows(), [&](Index row) { complete(answers, row); });
  return answers;
}

void FreeEnergies::complete(Eigen::MatrixXd& answers, Index row) const {
  const auto states = static_cast<Index>(count_states(shape_.z));
  const Index size = std::min(states, block_answers);
  const std::vector<Index> row_of_chain(static_cast<std::size_t>(size),
                                        shape_.num_x > 0 ? row % rows_ : 0);
  const AnyEnergy<double> energy = model_.bind_double(prepared_, row_of_chain);
  Block<double> block(size, answers.cols());
  block.leftCols(shape_.num_y()) = answers.row(row).head(shape_.num_y()).replicate(size, 1).array();
  PerChain out(size);
  double least = std::numeric_limits<double>::infinity();
  Index best = 0;
  for (Index first = 0; first < states; first += size) {
    for (Index c = 0; c < size; ++c) {  // beyond the end the last state once more: never less
      set_state(shape_.z, std::min(first + c, states - 1), block.row(c).tail(shape_.num_z()));
    }
    energy.energy(block, out);
    for (Index c = 0; c < size; ++c) {
      if (out[c] < least) {
        least = out[c];
        best = std::min(first + c, states - 1);
      }
    }
  }
  set_state(shape_.z, best, answers.row(row).tail(shape_.num_z()));
}

Eigen::VectorXd FreeEnergies::at(const Eigen::MatrixXd& completed) const {
  Eigen::VectorXd all(completed.rows());
  executor_.for_each(num_blocks(completed), [&](Index i) {
    const Index first = i * block_answers;
    const Index size = std::min(block_answers, completed.rows() - first);
    PerChain out(size);
    energy_of(first, size).energy(completed.middleRows(first, size).array(), out);
    all.segment(first, size) = out.matrix();
  });
  return all;
}

Eigen::VectorXd FreeEnergies::weighted_gradient(const Eigen::MatrixXd& completed,
                                                const Eigen::VectorXd& weights) const {
  const auto sums = executor_.map<Eigen::VectorXd>(num_blocks(completed), [&](Index i) {
    const Index first = i * block_answers;
    const Index size = std::min(block_answers, completed.rows() - first);
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(shape_.num_params);
    energy_of(first, size)
        .add_param_grad(completed.middleRows(first, size).array(), {0, size},
                        weights.segment(first, size).array(), sum);
    return sum;
  });
  Eigen::VectorXd total = Eigen::VectorXd::Zero(shape_.num_params);
  for (const Eigen::VectorXd& sum : sums) {
    total += sum;
  }
  return total;
}

}  // namespace negphase
