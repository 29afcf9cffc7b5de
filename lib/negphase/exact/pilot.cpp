#include "negphase/exact/pilot.hpp"

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <utility>

namespace negphase {

double seconds_per_state(const AnyEnergy<double>& energy, bool by_changes) {
  using Clock = std::chrono::steady_clock;
  const std::span<const Column> columns = energy.columns();
  Block<double> y(pilot_chains, static_cast<Index>(columns.size()));
  for (Index j = 0; j < y.cols(); ++j) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    y.col(j) = column.num_states > 0 ? state_code(column, 0) : 0;
  }
  const Lane<double> values = y.col(0);
  const PerChain weights = PerChain::Ones(pilot_chains);
  PerChain out(pilot_chains);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(energy.num_params());
  const auto visit = [&] {
    for (int pass = 0; pass < 2; ++pass) {
      by_changes ? energy.energy_change(y, 0, values, out) : energy.energy(y, out);
    }
    if (energy.can(Ability::param_grad)) {
      energy.add_param_grad(y, {0, pilot_chains}, weights, sum);
    }
  };
  visit();
  const auto start = Clock::now();
  double blocks = 0, seconds = 0;
  do {
    visit();
    ++blocks;
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  } while (seconds < 1e-3);
  return seconds / (blocks * pilot_chains);
}

std::string in_words(double seconds) {
  constexpr std::array<std::pair<double, const char*>, 4> units{
      {{365.25 * 86400, "years"}, {86400, "days"}, {3600, "hours"}, {60, "minutes"}}};
  for (const auto& [size, name] : units) {
    if (seconds >= 2 * size) {
      return fmt::format("{:.3g} {}", seconds / size, name);
    }
  }
  return fmt::format("{:.2g} s", seconds);
}

}  // namespace negphase
