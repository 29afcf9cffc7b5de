#pragma once
#include <functional>

#include "negphase/core/any_kernel.hpp"
#include "negphase/inference/target.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// Chains that go from the model's own law to its lowest places: stage by stage at a rising beta.
struct Annealing {
  const AnySampler* sampler = nullptr;  ///< moves y and z together; nullptr: no chains
  double last_beta_factor = 20;         ///< the last stage's beta over the model's; >= 1
  Index stages = 10;                    ///< betas in geometric progression, the model's first
  Index steps = 50;                     ///< of each stage
};

/// Writes a start of y, or of y and z; must answer for any number.
using StartPlace = std::function<void(Index start, Index row, std::span<double> place)>;

/// Starts of all rows of x: row r's number i at [i rows + r]; columns are y and z. Those that have
/// energy +inf are drawn again, up to 100 times.
/// @param place  empty: N(0, spread^2) for real columns, uniform over states for others
/// Throws ModelError where an energy is NaN or -inf, or no place of finite energy is found.
Eigen::MatrixXd draw_starts(const TargetEnergies& target, Index starts, double spread,
                            const StartPlace& place, std::uint64_t seed);

/// Where annealed chains have come to, from starts as draw_starts() gives them. Throws ConfigError
/// where the sampler needs what the energy lacks, and as Chains does.
Eigen::MatrixXd anneal(const TargetEnergies& target, const Annealing& annealing,
                       Eigen::MatrixXd starts, const RunSettings& settings);

/// For one to three real columns, and up to 64 states of the others: the local minima of the target
/// on a grid of the real columns, within 4 spread of 0, in each of these states; no rows otherwise.
/// [starts x columns of the target]. Grid: 257 places, 33 x 33 or 13 x 13 x 13.
/// Throws ModelError for an energy of -inf; NaN counts as +inf.
Eigen::MatrixXd grid_starts(const TargetEnergies& target, Index row, double spread);

}  // namespace negphase
