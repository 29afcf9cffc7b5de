#include "negphase/run/change_check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <limits>

#include "negphase/core/error.hpp"
#include "negphase/random/stream_engine.hpp"
#include "negphase/run/check_place.hpp"

namespace negphase {

namespace {

constexpr Index columns_a_place = 4, layers_a_place = 4, columns_a_layer = 2, most_states = 8;
constexpr double tolerance = 1e-4;

/// One place, and what is asked there.
struct Checker {
  const CheckPlace& at;
  StreamEngine engine;
  double start_energy = energy_of(at.energy, at.position);

  Checker(const CheckPlace& place, std::uint64_t seed)
      : at(place), engine(seed, static_cast<std::uint32_t>(place.row), 1, Purpose::start) {}

  const Column& column(Index j) const { return at.energy.columns()[static_cast<std::size_t>(j)]; }
  Index size() const { return at.position.cols(); }
  Index any_of(Index n) { return boost::random::uniform_int_distribution<Index>(0, n - 1)(engine); }

  double energy_with(Block<double> position, Index j, double value) const {
    position(0, j) = value;
    return energy_of(at.energy, position);
  }

  // Sums of about as many terms as there are columns, or pairs of them; errors add up like noise.
  double rounding(double a, double b) const {
    return 64 * std::numeric_limits<double>::epsilon() * static_cast<double>(size() + 1) *
           (1 + std::abs(a) + std::abs(b));
  }

  void compare(const std::string& what, double given, double from, double to) const {
    const double found = to - from;
    const double allowed =
        tolerance * std::max(std::abs(given), std::abs(found)) + rounding(from, to);
    if (std::isfinite(from) && std::isfinite(to) && !(std::abs(given - found) <= allowed)) {
      throw ConfigError(
          fmt::format("the model contradicts itself: {} at row {} of the data is {:.8g}, its "
                      "energies differ by {:.8g}",
                      what, at.row + 1, given, found));
    }
  }

  // ---- energy_change

  double other_value(Index j) {
    const Column& c = column(j);
    const double now = at.position(0, j);
    if (c.num_states == 0) {
      return now + 1;
    }
    const Index next = state_index(c, now) + 1 + any_of(std::max<Index>(c.num_states - 1, 1));
    return state_code(c, next % c.num_states);
  }

  void check_energy_change(Index j) {
    const double value = other_value(j);
    const double to = energy_with(at.position, j, value);
    PerChain out(1);
    if (at.energy.can(Ability::energy_change)) {
      at.energy.energy_change(at.position, j, Lane<double>::Constant(1, value), out);
      compare(fmt::format("energy_change of column {}", j + 1), out[0], start_energy, to);
    }
    if (at.energy.can(Ability::energy_change_by_site)) {
      at.energy.energy_change(at.position, Sites::Constant(1, j), Lane<double>::Constant(1, value),
                              out);
      compare(fmt::format("energy_change (by chain) of column {}", j + 1), out[0], start_energy,
              to);
    }
  }

  // ---- conditional

  /// @param first  where the column's states begin in `delta`
  void compare_states(const Block<double>& delta, Index first, Index j) const {
    const Column& c = column(j);
    const double from = energy_with(at.position, j, state_code(c, 0));
    for (Index k = 1; k < std::min(c.num_states, most_states); ++k) {
      compare(fmt::format("conditional of column {}, state {} against state 0,", j + 1, k),
              delta(0, first + k - 1), from, energy_with(at.position, j, state_code(c, k)));
    }
  }

  void check_conditional(Index j) const {
    if (const Index states = column(j).num_states; states > 1) {
      Block<double> delta(1, states - 1);
      const std::array<Index, 1> columns{j};
      at.energy.conditional(at.position, columns, delta);
      compare_states(delta, 0, j);
    }
  }

  // ---- layers

  void check_layer(const std::vector<Index>& layer) {
    if (std::any_of(layer.begin(), layer.end(),
                    [&](Index j) { return column(j).num_states < 2; })) {
      return;  // no sampler draws such a layer whole
    }
    std::vector<Index> first_delta;
    Index num_deltas = 0;
    for (const Index j : layer) {
      first_delta.push_back(num_deltas);
      num_deltas += column(j).num_states - 1;
    }
    for (Index n = 0; n < columns_a_layer && layer.size() > 1; ++n) {
      check_uncoupled(layer, layer[static_cast<std::size_t>(any_of(std::ssize(layer)))]);
    }
    Block<double> delta(1, num_deltas);
    at.energy.conditional(at.position, layer, delta);
    for (Index n = 0; n < columns_a_layer; ++n) {
      const auto which = static_cast<std::size_t>(any_of(std::ssize(layer)));
      compare_states(delta, first_delta[which], layer[which]);
    }
  }

  /// The energy of a change of column j from its first to its last state, and its rounding.
  struct Change {
    double value, rounding;
  };
  Change change_of(Index j, const Block<double>& position) const {
    const Column& c = column(j);
    const double from = energy_with(position, j, state_code(c, 0));
    const double to = energy_with(position, j, state_code(c, c.num_states - 1));
    return {to - from, rounding(from, to)};
  }
  bool differ(const Change& a, const Change& b) const {
    return std::abs(a.value - b.value) > a.rounding + b.rounding;  // not for NaN: E = +inf is legal
  }

  void check_uncoupled(std::vector<Index> others, Index j) {
    std::erase(others, j);
    Block<double> moved = at.position;
    for (const Index i : others) {
      moved(0, i) = state_code(column(i), any_of(column(i).num_states));
    }
    const Change here = change_of(j, at.position);
    if (!differ(here, change_of(j, moved))) {
      return;
    }
    // some of them are coupled to j: half of them alone, or the other half after the first
    Block<double> position = at.position;
    while (others.size() > 1) {
      const auto half = others.begin() + std::ssize(others) / 2;
      Block<double> tried = position;
      for (auto i = others.begin(); i != half; ++i) {
        tried(0, *i) = moved(0, *i);
      }
      if (differ(change_of(j, position), change_of(j, tried))) {
        others.erase(half, others.end());
      } else {
        position = tried;
        others.erase(others.begin(), half);
      }
    }
    const Change before = change_of(j, position);
    position(0, others[0]) = moved(0, others[0]);
    throw ConfigError(fmt::format(
        "the model contradicts itself: columns {} and {} stand in one layer but are coupled: at "
        "row {} of the data a change of the first costs {:.8g} before and {:.8g} after a change of "
        "the second; layers() must part them",
        j + 1, others[0] + 1, at.row + 1, before.value, change_of(j, position).value));
  }

  void check() {
    const bool changes =
        at.energy.can(Ability::energy_change) || at.energy.can(Ability::energy_change_by_site);
    const bool conditional = at.energy.can(Ability::conditional);
    for (Index n = 0; n < std::min(columns_a_place, size()); ++n) {
      const Index j = any_of(size());
      if (changes && column(j).kind != ColumnKind::real) {  // nobody asks for that of a real one
        check_energy_change(j);
      }
      if (conditional) {
        check_conditional(j);
      }
    }
    if (conditional && at.energy.can(Ability::layers)) {
      const auto layers = at.energy.layers().layers;
      for (Index n = 0; n < std::min<Index>(layers_a_place, std::ssize(layers)); ++n) {
        check_layer(layers[static_cast<std::size_t>((at.number * layers_a_place + n) %
                                                    std::ssize(layers))]);
      }
    }
  }
};

}  // namespace

void check_changes(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                   std::uint64_t seed) {
  for_places(model, x, y, seed, [&](const CheckPlace& at) { Checker(at, seed).check(); });
}

}  // namespace negphase
