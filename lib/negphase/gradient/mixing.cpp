#include "negphase/gradient/mixing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "negphase/diagnostics/quantity_draws.hpp"
#include "negphase/diagnostics/verdict.hpp"

namespace negphase {

namespace {

using Eigen::ArrayXXd;

constexpr Index least_chains = 8;

// deviations from the mean of the row's chains, in units of their spread; a row whose energies
// differ by rounding alone is 0
ArrayXXd in_deviations_of_rows(ArrayXXd energies, Index rows) {
  constexpr double rounding = 1e-12;
  for (Index row = 0; row < std::min(rows, energies.cols()); ++row) {
    auto of_row = energies(Eigen::all, Eigen::seq(row, Eigen::last, rows));
    const double largest = of_row.abs().maxCoeff();
    of_row -= of_row.mean();
    const double spread = std::sqrt(of_row.square().mean());
    if (spread > rounding * largest) {
      of_row /= spread;
    } else {
      of_row.setZero();
    }
  }
  return energies;
}

Mixing figures_of(const ArrayXXd& energies, bool of_one_law) {
  const QuantityDraws draws(energies);
  Mixing mixing;
  mixing.chains = energies.cols();
  mixing.draws = energies.rows();
  mixing.is_checked =
      energies.rows() >= EnergyTrace::enough_draws && energies.cols() >= least_chains;
  mixing.rhat = of_one_law ? draws.rhat() : draws.rhat_split();
  mixing.ess_bulk = of_one_law ? draws.ess_bulk() : draws.ess_mean();
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

Mixing check_mixing(const KeptEnergies& energies, const std::string& phase) {
  const auto& [values, rows] = energies;
  if (values.size() == 0 || !values.allFinite()) {
    return {};
  }
  const bool of_one_law = rows == 1;
  const ArrayXXd compared = of_one_law ? values : in_deviations_of_rows(values, rows);
  Mixing mixing = figures_of(compared, of_one_law);
  if (!mixing.is_checked) {
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

Mixing check_mixing_in_training(const KeptEnergies& energies) {
  const auto& [values, rows] = energies;
  if (values.size() == 0 || !values.allFinite()) {
    return {};
  }
  if (values.cols() < 2 * rows) {
    Mixing alone;
    alone.warnings = {{"chains_not_compared",
                       "whether the persistent chains mix cannot be seen of one chain on each row, "
                       "as its law moves; take chains_per_row >= 2"}};
    return alone;
  }
  ArrayXXd places(values.rows(), values.cols());
  for (Index look = 0; look < values.rows(); ++look) {
    places.row(look) = in_deviations_of_rows(values.row(look), rows);
  }
  Mixing mixing = figures_of(places, rows == 1);
  if (mixing.is_checked && mixing.rhat > largest_rhat_of_many) {
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
