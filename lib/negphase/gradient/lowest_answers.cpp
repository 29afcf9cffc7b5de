#include "negphase/gradient/lowest_answers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "negphase/inference/minima.hpp"
#include "negphase/inference/offending.hpp"

namespace negphase {

namespace {

Target target_of(const Loss& loss) {
  return loss.latents == LatentRule::min ? Target::yz : Target::y;
}

bool is_finite(const std::vector<Column>& columns) {
  return std::all_of(columns.begin(), columns.end(),
                     [](const Column& column) { return column.num_states > 0; });
}

/// The lowest minima that a search of real y finds, one a datum.
Eigen::MatrixXd searched_minima(const Problem& p, const Loss& loss, const RunSettings& settings) {
  MinimaOptions options;
  options.target = target_of(loss);
  options.starts = 16;  // beside those of a grid
  const std::vector<RowMinima> rows = find_minima(p.model, p.x, p.beta, options, settings);
  Eigen::MatrixXd y(p.rows(), p.y.cols());
  for (Index r = 0; r < y.rows(); ++r) {
    const RowMinima& found = rows[rows.size() == 1 ? 0 : static_cast<std::size_t>(r)];
    if (found.ran_away > 0) {
      throw ModelError(
          fmt::format("loss \"{}\": the energy of row {} falls without end, so that no "
                      "answer has the least; not normalisable",
                      loss.row->name, r + 1));
    }
    y.row(r) = found.minima.front().place.head(y.cols()).transpose();
  }
  return y;
}

Eigen::MatrixXd lowest_others(const Problem& p, const Loss& loss, double radius,
                              const RunSettings& settings) {
  OffendingOptions options;
  options.target = target_of(loss);
  options.radius = radius;
  return most_offending(p.model, p.x, p.y, p.beta, options, settings).y;
}

}  // namespace

Negatives offending_answers(const Problem& p, const Loss& loss, double radius,
                            const RunSettings& settings) {
  if (!is_finite(p.model.shape().y) && !(radius > 0)) {
    throw ConfigError(
        fmt::format("negative = \"offending\": y is real, and an answer counts as incorrect from a "
                    "distance of y on: negative_radius = {} must be > 0",
                    radius));
  }
  return {lowest_others(p, loss, radius, settings)};
}

Negatives least_answers(const Problem& p, const Loss& loss, const RunSettings& settings) {
  Eigen::MatrixXd others = is_finite(p.model.shape().y) ? lowest_others(p, loss, 0, settings)
                                                        : searched_minima(p, loss, settings);
  const FreeEnergies free_energies(p.model, p.x, p.rows(), p.beta, loss.latents,
                                   *settings.executor);
  const Eigen::VectorXd own = free_energies.at(free_energies.completed(p.y));
  const Eigen::VectorXd least = free_energies.at(free_energies.completed(others));
  for (Index r = 0; r < p.rows(); ++r) {
    if (own[r] <= least[r] + tie_tolerance(least[r])) {
      others.row(r) = p.y.row(r);
    }
  }
  return {std::move(others)};
}

}  // namespace negphase
