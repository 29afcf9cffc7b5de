#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "negphase/inference/starts.hpp"
#include "negphase/inference/target.hpp"

namespace negphase {

/// A place that nothing beside it undercuts.
struct Minimum {
  Eigen::VectorXd place;  ///< y, or y and then z
  double energy = 0;      ///< F_W(x, y) or E_W(x, y, z)
  Index starts = 0;       ///< its basin: how many searches ended there; 0 where all was enumerated
  /// Eigenvalues of the Hessian over the real columns, ascending; empty where there is no real
  /// column, or where the slope is not 0 (a kink).
  Eigen::VectorXd curvature;
  bool is_stationary = true;  ///< false: the descent ended at a kink of the energy
};

/// What was found for one row of x.
struct RowMinima {
  std::vector<Minimum> minima;  ///< by energy; ties in the order of states, or as they were found
  Index num_minima = 0;         ///< before the list was cut
  std::string_view method;      ///< "enumeration", "gaussian" or "search"
  bool is_exact = false;        ///< the first minimum is proven to be the lowest place of all
  Index searches = 0;           ///< in all; 0 unless by search
  Index ran_away = 0;           ///< of these: the energy fell without end
  Index unsettled = 0;          ///< were still falling when they were given up
  double evaluations = 0;       ///< energies, gradients and changes, but for those of the chains
};

struct MinimaOptions {
  Target target = Target::y;
  double max_states = 1 << 22;  ///< of all rows together; beyond, finite columns are searched
  double max_latent_states = 1 << 12;  ///< see TargetEnergies
  Index starts = 64;                   ///< searches from random places on each row
  double spread = 2;                   ///< standard deviation of the real columns there
  StartPlace start = {};               ///< instead of random places
  Annealing annealing = {};            ///< what leads from these places to where searches begin
  double gradient_tolerance = 1e-8;    ///< DescentLimits
  Index most_minima = 1000;            ///< length of a list
};

/// Inference (M3): argmin over y of F_W(x, y), or over y and z of E_W(x, y, z), for every row of x
/// (once for an unconditional model), and the other minima beside it.
///   enumeration  finite columns, rows x states within max_states: exact. A state is a minimum
///   where
///                no change of a single column lowers its energy by more than rounding
///   gaussian     a gaussian() view: y = P^-1 b, exact
///   search       else: from random places, along annealed chains where a sampler is given, to the
///                nearest minimum (LocalSearch); besides from the minima of a grid (grid_starts).
///                Two searches ended in one minimum where finite columns agree and real ones differ
///                by at most 4 (s + s') / (least eigenvalue of the Hessian), s the slope that is
///                left (so far a minimum as flat as y^4 lets them end), at a kink by 1e-4. A saddle
///                is left along its steepest way down.
/// Numbers are a function of the seed, not of the threads.
/// Cost: states, or starts times some 20 to 100 gradients a row. Throws ConfigError as
/// TargetEnergies, for starts < 1 where all must be searched, and where a sampler does not fit;
/// ModelError where the energy is NaN or -inf, +inf at all states or starts, where every search
/// runs away, and where a Gaussian is not normalisable.
std::vector<RowMinima> find_minima(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                                   const MinimaOptions& options, const RunSettings& settings);

}  // namespace negphase
