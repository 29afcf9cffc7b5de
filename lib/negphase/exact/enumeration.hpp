#pragma once
#include <functional>
#include <span>
#include <vector>

#include "negphase/exact/bind_row.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// The number of states of finite columns; 0 where one of them is not finite. May be +inf.
double count_states(std::span<const Column> columns);

/// How the states are walked through.
enum class Walk {
  gray_code,  ///< one site changes at a time: energy_change() where the energy has it
  plain,      ///< the energy anew at every state: where a change costs as much as an energy
};

/// The exact answer for one row of x.
struct StateSum {
  double log_z = 0;
  double min_energy = 0;            ///< of the most probable state
  Eigen::VectorXd mean_param_grad;  ///< [P] E_p[dE/dW]; empty where the energy has no param_grad
  double evaluations = 0;           ///< energies and energy changes
};

/// log Z and E_p[dE/dW] under p = exp(-beta E) / Z (M2) by a sum over all states of the energy's
/// columns, for rows 0 .. rows-1.
///
/// The chains of a block share out the values of the leading columns; the trailing ones run through
/// a reflected Gray code, so that all chains change the same column at the same step. Energies are
/// computed anew every 256 steps: between, their error is at most 256 roundings of a change. Two
/// passes: log Z and the least energy E0 (compensated, M14); then weights exp(-beta (E - E0)),
/// whose exponents hold no large number where they matter, into add_param_grad. In parallel over
/// rows and slices of 64 prefixes, merged in their order: the same bytes for any number of threads.
/// beta = 0 gives the uniform law on the states of finite energy.
///
/// Cost: two energy changes and one dE/dW a state. Memory: a block and P doubles a slice.
/// Throws UsageError for columns that are not finite; ModelError for an energy that is NaN or -inf
/// (with the state), or +inf at all states.
std::vector<StateSum> sum_states(const BindRow& bind, Index rows, double beta, Walk walk,
                                 const Executor& executor);

/// All states of a small space, first column most significant (spins: -1 before +1).
struct StateTable {
  Block<double> states;  ///< [states x columns]
  PerChain energy;       ///< [states]
  PerChain probability;  ///< [states]; exact 0 for forbidden states
  double log_z = 0;
};

/// @param bind  the energy of a block of so many chains
/// Throws as sum_states, and UsageError above 2^20 states.
StateTable tabulate_states(const std::function<AnyEnergy<double>(Index chains)>& bind, double beta);

}  // namespace negphase
