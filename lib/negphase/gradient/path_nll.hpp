#pragma once
#include <Eigen/Core>
#include <optional>

#include "negphase/gradient/phase.hpp"

namespace negphase {

/// How the NLL changes along a path of parameters W_0, W_1, ..., without log Z, by annealed
/// importance sampling (Neal 2001; Jarzynski 1997). From W_s to W_t chains go along the straight
/// line in `steps` pieces; at the beginning of each they stay where they are and
///   log w -= beta (E_new(y, z) - E_old(y, z)),
/// and then make one step that leaves exp(-beta E_new) invariant. E[w] = Z_t / Z_0, however far the
/// chains lag behind, so that
///   L(W_t) - L(W_0) = F_t - F_0 + (1/beta) mean_r log mean_c w    (M4)
/// with F the mean free energy of the data, which is exact. Bias of the logarithm and standard
/// error by the jackknife over the chains of a row: they are independent. Lagging costs effective
/// size, (sum w)^2 / sum w^2, and where little is left of it there is no estimate; near that limit
/// the error bar is rather too small. What no number shows: chains that have not settled at W_0
/// after their warm-up, and a region of weight that no chain has found. The line is straight, and
/// not the path itself, because the noise of its updates would be a way of its own.
class PathNll {
 public:
  struct Plan {
    Index chains = 0;  ///< of an unconditional model; else on each row of x; at least 16
    Index warmup = 0;  ///< steps at W_0
    Index steps = 1;   ///< from each W of the path to the next
  };
  static constexpr Index fewest_chains = 16;
  /// The model's parameters are W_0. Throws ConfigError where z cannot be summed out, the sampler
  /// is biased or the chains are too few, and as PhaseChains does.
  PathNll(const Problem& problem, const AnySampler& sampler, const Plan& plan,
          const RunSettings& settings);

  /// The path goes on to the parameters of `model`. Cost: `steps` steps of all chains, and two
  /// energies of each at each step.
  void move_to(const AnyModel& model);

  struct Change {
    double value = 0;           ///< L(W_t) - L(W_0)
    double standard_error = 0;  ///< M7
  };
  struct Estimate {
    double effective_size = 0;     ///< least over the rows, of `chains`; NaN where a chain was lost
    std::optional<Change> change;  ///< nothing where effective_size is below least_effective_size()
  };
  /// Cost: the free energies of all rows.
  Estimate estimate() const;
  /// Below it the weights of so few chains count that their spread is no error bar.
  double least_effective_size() const;
  /// Since the beginning, the energies for the weights too.
  RunCounts counts() const;

  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  double free_energy() const;
  void begin();
  void move_one_step(const AnyModel& model);

  Problem problem_;
  Plan plan_;
  RunSettings settings_;
  Index rows_;  ///< of x; 1 where the model has none
  PhaseChains chains_;
  double first_free_energy_;
  bool begun_ = false;
  bool lost_ = false;           ///< a chain diverged: there is no estimate any more
  Eigen::ArrayXd log_weights_;  ///< [chains] chain c is on row c mod rows
  std::int64_t weighings_ = 0;  ///< energies of all chains, taken for the weights
};

}  // namespace negphase
