#pragma once
#include <Eigen/Core>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/model.hpp"
#include "negphase/core/options.hpp"
#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/run/chains.hpp"

namespace negphase {

/// Options of `negphase sample`: chains, warmup, draws, thin, start, start_file.
std::span<const OptionSpec> sample_options();

/// Which chains are drawn, and from where. Chain c sees row c mod R of x.
struct SamplingPlan {
  Index chains = 1;
  Schedule schedule;
  /// Writes the start of a chain, y and then z; must answer for any chain number.
  std::function<void(Index chain, Index row, std::span<double> position)> start;
};

/// Every draw of every chain, in order.
struct Draws {
  using Values = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Index chains = 0, draws = 0;
  Values values;           ///< [chains * draws x columns of y and z], a chain's draws together
  Eigen::VectorXd energy;  ///< [chains * draws], E of each draw
  RunCounts counts;        ///< the energies of the draws are not counted
  std::vector<Index> chain_ids = {};  ///< number of each chain in the plan: 0 .. unless stopped
  /// Stopped on request before the end: the chains that were finished, or where none was, what all
  /// those that had begun to be observed have drawn alike; `counts` lacks some chains.
  bool stopped = false;

  auto of_chain(Index chain) const { return values.middleRows(chain * draws, draws); }
};

/// Bytes that the draws of a plan take. +inf is possible: sizes are multiplied as doubles.
double bytes_of_draws(const SamplingPlan& plan, Index columns);

/// Draws from exp(-beta E_W(x, y, z)) / Z (M2): y and z together. Memory is checked before it is
/// taken, and what the energy says of itself where the first chains start (ConfigError;
/// gradient_check.hpp, change_check.hpp); throws ModelError as Chains does. A wish to stop is no
/// error: what was drawn is returned.
/// @param x  [rows x num_x]; of no matter where num_x = 0
Draws sample_chains(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                    const AnySampler& sampler, const SamplingPlan& plan,
                    const RunSettings& settings);

/// The draws of the chains of one row of x, as diagnostics take them; a copy.
/// @param names  of the columns of y and z
/// @param rows  of x, chain c being on row c mod rows; 1, and row 0, where there is none
ChainDraws chain_draws(const Draws& draws, const std::vector<std::string>& names, Index row,
                       Index rows);

}  // namespace negphase
