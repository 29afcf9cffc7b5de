#pragma once
#include <Eigen/Core>
#include <limits>
#include <string>
#include <vector>

#include "negphase/core/warning.hpp"
#include "negphase/run/energy_trace.hpp"

namespace negphase {

/// Effective draws a chain below which a chain's mean is not near normal, and its spread no error
/// bar (at 10 the skewness of a mean of +-1 draws at 9 : 1 odds is still 0.84), and a warm-up of
/// like length has not forgotten the start.
inline constexpr double enough_draws_a_chain = 10;

/// R-hat above which chains fall short of that: split chains of e effective draws each have
/// R-hat^2 = 1 + 1 / e (Vats and Knudson 2021), here e = 5. (In deviations from the mean of m
/// chains of a row it is 1 + (1 - 1 / (2m)) / e: a little less is asked there.) Of four chains 1.01
/// is asked (largest_rhat), as their 400 effective draws must do; a gradient's error bar comes from
/// many chains, and asks of each no more than this.
inline constexpr double largest_rhat_of_many = 1.0954451150103321;

/// How chains mix, by their energies: what is said of a run that keeps no draws.
struct Mixing {
  Index chains = 0, draws = 0;  ///< whose energies were compared; 0: none could be
  bool is_checked = false;      ///< draws and chains suffice for a check to fail
  double rhat = std::numeric_limits<double>::quiet_NaN();
  /// Of all that was looked at; on rows of x that of the mean, and no tail.
  double ess_bulk = std::numeric_limits<double>::quiet_NaN();
  double ess_tail = std::numeric_limits<double>::quiet_NaN();
  /// Failed checks, "rhat" and those of chains' behaviour; a note, "chains_not_compared".
  std::vector<Warning> warnings;
};

/// R-hat (rank-normalised, split) and effective sizes of the energies of chains of one model, and
/// what their ranks show (test_ranks: drift, modes, periods; false alarms on exact draws below
/// behaviour_level / 2). Chains on different rows of x have different laws, which no ranking makes
/// alike: there energies are compared in deviations of their row about its mean, by the split R-hat
/// and the effective size of the mean, and modes are not looked for. Fewer than 64 draws, or 8
/// chains, have figures but fail no check: of exact draws of these, be the law normal or of two
/// values, R-hat is above the limit with a probability below 1e-7 (tests/gradient/mixing_test.cpp
/// has the sum over two values).
/// A hole: modes of like energy. Those that the gradient tells apart show in its own error bar and
/// effective sizes; `sample` looks at every column.
/// @param phase  whose chains they are, for the warnings: "negative phase"
Mixing check_mixing(const KeptEnergies& energies, const std::string& phase);

/// The same of chains whose law moves, as training moves it, a row a look: each look in deviations
/// of its row's chains about their mean. Whether chains keep their places among the others, for
/// which a row needs 2 chains; with fewer nothing is compared, and a note says so.
Mixing check_mixing_in_training(const KeptEnergies& energies);

}  // namespace negphase
