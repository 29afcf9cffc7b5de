#pragma once
#include "negphase/inference/target.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// All states of finite columns, first column most significant (spins: -1 before +1).
class StateList {
 public:
  explicit StateList(std::span<const Column> columns);
  double count() const { return count_; }  ///< 0 where a column is not finite; may be +inf
  /// Writes state number `state`.
  void set(Index state, std::span<double> place) const;
  /// By how much the number of a state grows where column j goes one state up.
  Index stride(Index j) const { return strides_[static_cast<std::size_t>(j)]; }
  Index num_states(Index j) const { return columns_[static_cast<std::size_t>(j)].num_states; }
  Index num_columns() const { return static_cast<Index>(columns_.size()); }

 private:
  std::vector<Column> columns_;
  std::vector<Index> strides_;
  double count_;
};

/// The energies of all states, row after row of x: that of state s in row r at r count + s.
/// Pairs of row and state share out the chains of blocks, so that few states on many rows cost no
/// more than many on few. Memory: what is returned. Throws ModelError where an energy is NaN or
/// -inf (with row and state).
PerChain state_energies(const TargetEnergies& target, const StateList& states,
                        const Executor& executor);

}  // namespace negphase
