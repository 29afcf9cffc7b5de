#pragma once
#include <vector>

#include "negphase/exact/bind_row.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// The exact answer for one row of x under an energy with a pairwise() view.
struct PairwiseSum {
  double log_z = 0;
  double min_energy = 0;            ///< of the most probable state
  Eigen::VectorXd mean_states;      ///< [columns] E_p[s_i]
  Eigen::VectorXd mean_param_grad;  ///< [P] E_p[dE/dW]; empty where the energy has no param_grad
  double evaluations = 0;           ///< energies
};

/// log Z and E_p[dE/dW] under p = exp(-beta E) / Z (M2) for rows 0 .. rows-1 of x, by a sum over
/// all states as sum_states() takes it, but from the view: one energy a row is asked, for its
/// constant.
///
/// The last 8 columns are the inner ones, the others the outer ones; a chain is a state of these.
/// Given it, E is a constant, minus field times s_j of each inner column, plus a table of the
/// couplings among them: the energies of a chain's 256 states are made by doubling, one addition
/// each. (A Gray code with stored fields needs as much, and adds up the roundings of its steps;
/// here an energy is a sum of some n terms, made anew for each chain.) dE/dW is linear in s_i and
/// s_i s_j, so that their weighted sums are enough: matrix products of a run of 16 chains take the
/// place of a dE/dW at every state. Weights are relative to the least energy met so far, sums are
/// rescaled when a lower one comes: one pass. Fixed pieces, merged in their order: the same bytes
/// for any number of threads.
///
/// Cost: an addition, an exponential and 10 fused multiplications a state. Memory: 64 KiB and n^2
/// doubles a thread, n^2 doubles a slice. Throws UsageError for more than 60 columns.
/// @param bind  energies for which has_whole_pairwise_view() holds
std::vector<PairwiseSum> sum_pairwise(const BindRow& bind, Index rows, double beta,
                                      const Executor& executor);

}  // namespace negphase
