#pragma once
#include <memory>
#include <span>
#include <string>

#include "negphase/gradient/estimate.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

/// A law q(y | row) that can be drawn from and whose density is known: what importance sampling
/// draws from instead of the model (M8). Used by many threads at once. For a law of one's own,
/// derive from this and call estimate_by_importance().
class Proposal {
 public:
  virtual ~Proposal() = default;
  /// Writes one draw [num_y], state codes where y is discrete. All randomness comes from `random`.
  /// @param row  of the problem; 0 where the model has no x
  virtual void draw(Index row, StreamEngine& random, std::span<double> y) const = 0;
  /// log q(y | row), normalised: a density in the real columns, a probability in the finite ones.
  /// Finite for every draw; -inf elsewhere is possible.
  virtual double log_density(Index row, std::span<const double> y) const = 0;
};

/// The proposals that options can name. Finite columns of y are uniform over their states in both.
///   gaussian_mixture  real columns: N(y_i, width^2) in each, about the row's y where the model has
///                     x, else about a data row drawn at random for each draw (of at most 1024
///                     rows, evenly spaced: the density costs a term a row)
///   box               real columns: uniform on [lower, upper) in each; what the model has outside
///                     is left out
struct ProposalSpec {
  std::string kind = "gaussian_mixture";
  double width = 1;
  double lower = 0, upper = 0;
};

/// Throws ConfigError where y has counts, where a box has no ends or the wrong ones, and where a
/// datum lies outside of the box.
std::shared_ptr<const Proposal> make_proposal(const Problem& problem, const ProposalSpec& spec);

}  // namespace negphase
