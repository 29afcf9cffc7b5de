#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/kernel.hpp"
#include "negphase/random/scripted_source.hpp"

namespace negphase::testing {

/// All states of some finite columns, numbered as the digits of a number: column 0 is the most
/// significant one, its state 0 comes first.
class StateSpace {
 public:
  explicit StateSpace(std::span<const Column> columns);
  Index size() const { return size_; }
  std::span<const Column> columns() const { return columns_; }
  /// One chain that stands in state k: [1 x columns].
  Block<double> state(Index k) const;
  /// Its inverse.
  Index index(const Block<double>& y) const;
  /// All states, one a row: [size x columns].
  Block<double> all() const;

 private:
  std::vector<Column> columns_;
  Index size_ = 1;
};

/// One step of one chain: moves y [1 x columns]. Where the source throws NeedMoreWords, y is left
/// as it was then.
using ProbedStep = std::function<void(Block<double>& y, RandomSource& random)>;

/// A real kernel with a real energy as a ProbedStep.
template <class K, class E>
ProbedStep step_of(K kernel, E energy, double beta) {
  using S = typename E::Scalar;
  struct Probed {
    K kernel;
    E energy;
    std::optional<typename K::template State<S>> state;
    std::optional<typename K::template Scratch<S>> scratch;
    StepInfo info{1};
  };
  auto probed = std::make_shared<Probed>(Probed{std::move(kernel), std::move(energy), {}, {}});
  return [probed, beta](Block<double>& y, RandomSource& random) {
    Probed& p = *probed;
    if (!p.state) {
      p.state.emplace(p.kernel.init(p.energy, PerChain::Constant(1, beta), y.cast<S>().eval()));
      p.scratch.emplace(p.kernel.scratch(p.energy, 1));
    }
    p.state->position = y.cast<S>();
    p.kernel.refresh(p.energy, *p.state);
    p.info.clear();
    try {
      p.kernel.step(p.energy, *p.state, *p.scratch, random, p.info);
    } catch (const NeedMoreWords&) {
      y = p.state->position.template cast<double>();
      throw;
    }
    y = p.state->position.template cast<double>();
  };
}

/// What the probe read off.
struct KernelLaw {
  Eigen::MatrixXd matrix;      ///< P(from, to), rows = from
  double row_sum_error = 0;    ///< max |sum - 1|
  std::vector<Draw> repeated;  ///< draws asked for twice in a step
  long steps_run = 0;
};

/// The exact transition matrix of the code: runs `step` on scripted words, bisects each word to the
/// cells on which the step's behaviour is constant, and adds up their sizes / 2^64. No statistics.
/// Behaviour: the state where the next word is wanted or the step ends, and the end states under
/// fixed tails: the constants c 2^60 (c = 0..15) and 2^64 - 1, and `num_random_tails` pseudo-random
/// sequences, half of their words 0 or 2^64 - 1. Too few tails merge cells where what a word does
/// hangs on later words; then the matrix comes out wrong, and a right kernel is refused. Other than
/// that it is exact, unless a cell is narrower than 2^-6 and lies between two of one behaviour.
KernelLaw probe(const StateSpace& space, const ProbedStep& step, int num_random_tails = 3);

// ---- what a transition matrix must satisfy; pi may have zeros (forbidden states)

/// max |pi P - pi|
double stationarity_error(const Eigen::MatrixXd& p, const Eigen::VectorXd& pi);
/// max |pi_i P_ij - pi_j P_ji|
double detailed_balance_gap(const Eigen::MatrixXd& p, const Eigen::VectorXd& pi);
/// Whether P^k > 0 for some k on the states with pi > 0.
bool is_primitive(const Eigen::MatrixXd& p, const Eigen::VectorXd& pi);

/// What a kernel claims.
struct Claim {
  Eigen::VectorXd pi;         ///< the law that it leaves invariant
  Eigen::MatrixXd reference;  ///< its transition matrix, made in another way
  bool reversible = false;
  double tolerance = 1e-14;
};

/// "" where the law satisfies the claim; else all that is wrong with it. Rows of forbidden states
/// (pi = 0) are not looked at.
std::string complaint(const KernelLaw& law, const Claim& claim);

// ---- textbook matrices from a table of energies, made without any kernel

/// exp(-beta E) / Z.
Eigen::VectorXd gibbs_law(const Eigen::VectorXd& energies, double beta);
/// Redraws `columns` jointly from their law given all others.
Eigen::MatrixXd gibbs_matrix(const StateSpace& space, const Eigen::VectorXd& energies, double beta,
                             const std::vector<Index>& columns);
/// Proposes one of the other states of `column`, uniformly; accepts with min(1, exp(-beta dE)).
Eigen::MatrixXd metropolis_matrix(const StateSpace& space, const Eigen::VectorXd& energies,
                                  double beta, Index column);
/// First `factors[0]`, then `factors[1]`, ...
Eigen::MatrixXd in_order(const std::vector<Eigen::MatrixXd>& factors);
/// One of them, uniformly chosen.
Eigen::MatrixXd at_random(const std::vector<Eigen::MatrixXd>& choices);

}  // namespace negphase::testing
