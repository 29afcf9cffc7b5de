#pragma once
#include <optional>
#include <vector>

#include "negphase/inference/descent.hpp"
#include "negphase/inference/target.hpp"

namespace negphase {

/// Where a search from one start came to.
struct Landing {
  Eigen::VectorXd place;  ///< [columns of the target]
  double energy = 0;
  double slope = 0;  ///< |gradient| over the real columns
  Descent::End end = Descent::End::stationary;
};

/// Local minima of the target on one row of x: descent of the real columns (descend(); by the
/// energy's gradient, else by central differences), changes of the finite ones, in turn where there
/// are both. Used by one thread.
class LocalSearch {
 public:
  /// @param excluded  see lower_by_changes(); only for a y without real columns
  LocalSearch(const TargetEnergies& target, Index row, const DescentLimits& limits,
              std::optional<Eigen::VectorXd> excluded = {});

  /// @param starts  [starts x columns]
  std::vector<Landing> from(const Eigen::MatrixXd& starts);
  Landing from(const Eigen::VectorXd& start);

  /// Changes finite columns of every chain, one after the other, to the state of least energy,
  /// until no single change lowers the energy by more than rounding: states that tie are not
  /// followed.
  /// @param excluded  [num_y] a y that no chain may come to (its other columns may be anything)
  /// @param y         [chains x columns]; moved  @param energies  [chains] of y at the end
  /// Returns the energies and changes that were computed, of all chains.
  static double lower_by_changes(const AnyEnergy<double>& energy, std::span<const Index> finite,
                                 const std::optional<Eigen::VectorXd>& excluded, Block<double>& y,
                                 PerChain& energies);

  const std::vector<Index>& real_columns() const { return real_; }
  /// E as a function of the real columns, the others as in `place`. Valid as long as the search.
  SmoothFunction smooth(const Eigen::VectorXd& place);
  /// Energies and gradients, of all starts.
  double evaluations() const { return evaluations_; }

 private:
  double value_and_gradient(Eigen::VectorXd& gradient);
  std::vector<Landing> from_states(const Eigen::MatrixXd& starts);
  bool change_states(Eigen::VectorXd& place, double& energy);

  const TargetEnergies& target_;
  Index row_;
  DescentLimits limits_;
  std::optional<Eigen::VectorXd> excluded_;
  AnyEnergy<double> energy_;  // of one chain
  std::vector<Index> real_, finite_;
  Block<double> y_, grad_;
  PerChain out_;
  double evaluations_ = 0;
};

}  // namespace negphase
