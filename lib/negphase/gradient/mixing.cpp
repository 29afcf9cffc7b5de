#include "negphase/gradient/mixing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "negphase/diagnostics/quantity_draws.hpp"
#include "negphase/diagnostics/verdict.hpp"
#include "negphase/run/energy_trace.hpp"

namespace negphase {

namespace {

using Eigen::ArrayXXd;

constexpr Index least_chains = 4;

bool can_fail(const ArrayXXd& energies) {
  return energies.rows() >= EnergyTrace::enough_draws && energies.cols() >= least_chains;
}

// deviations from the mean of the row's chains, in units of their spread; a row without any stays 0
ArrayXXd in_deviations_of_rows(ArrayXXd energies, Index rows) {
  for (Index row = 0; row < std::min(rows, energies.cols()); ++row) {
    auto of_row = energies(Eigen::all, Eigen::seq(row, Eigen::last, rows));
    of_row -= of_row.mean();
    const double spread = std::sqrt(of_row.square().mean());
    if (spread > 0) {
      of_row /= spread;
    }
  }
  return energies;
}

Mixing figures_of(const ArrayXXd& energies, bool of_one_law) {
  const QuantityDraws draws(energies);
  Mixing mixing;
  mixing.chains = energies.cols();
  mixing.draws = energies.rows();
  mixing.rhat = of_one_law ? draws.rhat() : draws.rhat_rank_bulk();
  mixing.ess_bulk = draws.ess_bulk();
  if (of_one_law) {  // else rows whose tails differ would look like chains that do
    mixing.ess_tail = draws.ess_tail();
  }
  return mixing;
}

/// In the words of a verdict on draws.
std::vector<Warning> behaviour_of(const ArrayXXd& energies, bool of_one_law) {
  ChainDraws draws;
  draws.names = {"the energy"};
  for (Index c = 0; c < energies.cols(); ++c) {
    draws.chains.emplace_back(energies.col(c));
  }
  Behaviour behaviour;  // its states are the watch's to look at, at every draw
  behaviour.quantities = {test_ranks(energies, behaviour_level / 8)};
  behaviour.quantities.front().frozen.clear();
  if (!of_one_law) {
    behaviour.quantities.front().apart.clear();
  }
  const std::array<ChainFigures, 1> none{};
  std::vector<Warning> found = judge(draws, none, behaviour, {}).warnings;
  std::erase_if(found, [](const Warning& w) { return !w.is_failed_check; });
  return found;
}

}  // namespace

Mixing check_mixing(const ArrayXXd& energies, Index rows, const std::string& phase) {
  if (energies.size() == 0 || !energies.allFinite()) {
    return {};
  }
  const bool of_one_law = rows == 1;
  const ArrayXXd compared = of_one_law ? energies : in_deviations_of_rows(energies, rows);
  Mixing mixing = figures_of(compared, of_one_law);
  if (!can_fail(energies)) {
    return mixing;
  }
  if (mixing.rhat > largest_rhat_of_many) {
    mixing.warnings.push_back(
        {"rhat",
         fmt::format("R-hat of the energy is {:.4g} over {} chains: above {:.4g} a chain has less "
                     "than {:g} effective draws, or chains have not drawn one law, and a warm-up "
                     "of like length has not forgotten the start; take more draws, a larger thin "
                     "or a sampler that mixes faster",
                     mixing.rhat, mixing.chains, largest_rhat_of_many, enough_draws_a_chain),
         true});
  }
  for (Warning& w : behaviour_of(compared, of_one_law)) {
    mixing.warnings.push_back(std::move(w));
  }
  for (Warning& w : mixing.warnings) {
    w.text = phase + ": " + w.text;
  }
  return mixing;
}

Mixing check_mixing_in_training(const ArrayXXd& energies, Index rows) {
  if (energies.size() == 0 || !energies.allFinite() || energies.cols() < 2 * rows) {
    return {};
  }
  ArrayXXd places(energies.rows(), energies.cols());
  for (Index look = 0; look < energies.rows(); ++look) {
    places.row(look) = in_deviations_of_rows(energies.row(look), rows);
  }
  Mixing mixing = figures_of(places, true);
  if (can_fail(energies) && mixing.rhat > largest_rhat_of_many) {
    mixing.warnings.push_back(
        {"rhat",
         fmt::format("the persistent chains follow the parameters but hardly mix: R-hat of the "
                     "energy about its mean is {:.4g} over {} chains in the last half of the "
                     "updates, and above {:.4g} a chain forgets less than {:g} times in them; take "
                     "more steps (cd_k), a smaller learning_rate, or a sampler that mixes faster",
                     mixing.rhat, mixing.chains, largest_rhat_of_many, enough_draws_a_chain),
         true});
  }
  return mixing;
}

}  // namespace negphase
