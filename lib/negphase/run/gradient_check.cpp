#include "negphase/run/gradient_check.hpp"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "negphase/core/error.hpp"
#include "negphase/run/check_place.hpp"

namespace negphase {

namespace {

constexpr Index most_coordinates = 64;
constexpr double tolerance = 1e-4;

// The derivative at t = 0 from E(-2h), E(-h), E(h), E(2h), with the largest |E| for its rounding.
struct Difference {
  double value = 0, largest = 0;
  bool finite = true;
};

template <class EnergyAt>
Difference difference_of(const EnergyAt& energy_at, double h) {
  constexpr std::array<double, 4> places{-2, -1, 1, 2}, weights{1, -8, 8, -1};
  Difference d;
  for (std::size_t i = 0; i < 4; ++i) {
    const double e = energy_at(places[i] * h);
    d.finite = d.finite && std::isfinite(e);
    d.value += weights[i] * e / (12 * h);
    d.largest = std::max(d.largest, std::abs(e));
  }
  return d;
}

// What an energy of `largest` may be off by: rounding of sums of some hundred terms.
bool agree(double given, const Difference& d, double h) {
  const double rounding = 256 * std::numeric_limits<double>::epsilon() * d.largest / h;
  return std::abs(given - d.value) <=
         tolerance * std::max(std::abs(given), std::abs(d.value)) + rounding;
}

// What differences say against `given`; nothing where they do not contradict it. Steps get smaller
// because a function that is steep on the scale of the first one (an input of 1000 before a tanh)
// is no polynomial over it; a wrong derivative is wrong at every step.
template <class EnergyAt>
std::optional<double> contradiction(const EnergyAt& energy_at, double given, double scale) {
  Difference d;
  for (const double step : {1e-3, 1e-3 / 16, 1e-3 / 256}) {
    const double h = step * scale;
    d = difference_of(energy_at, h);
    if (!d.finite || agree(given, d, h)) {
      return {};
    }
  }
  return d.value;
}

[[noreturn]] void refuse(const std::string& what, Index row, double given, double found) {
  throw ConfigError(fmt::format(
      "the model's derivatives are wrong: {} at row {} of the data is {:.8g}, differences of its "
      "energy give {:.8g} (relative error {:.2g}, allowed 1e-4)",
      what, row + 1, given, found,
      std::abs(given - found) / std::max(std::abs(given), std::abs(found))));
}

void check_position_gradient(const AnyEnergy<double>& energy, const Block<double>& place,
                             Index row) {
  PerChain out(1);
  Block<double> gradient(1, place.cols());
  energy.energy_and_grad(place, out, gradient);
  const Index stride = (place.cols() + most_coordinates - 1) / most_coordinates;
  for (Index j = 0; j < place.cols(); j += stride) {
    if (energy.columns()[static_cast<std::size_t>(j)].kind != ColumnKind::real) {
      continue;
    }
    Block<double> moved = place;
    const auto found = contradiction(
        [&](double t) {
          moved(0, j) = place(0, j) + t;
          return energy_of(energy, moved);
        },
        gradient(0, j), std::max(1.0, std::abs(place(0, j))));
    if (found) {
      refuse(fmt::format("dE/dy of column {}", j + 1), row, gradient(0, j), *found);
    }
  }
}

// x holds the one row that the place belongs to; `row` is its number for messages.
void check_param_gradient(const AnyModel& model, const Eigen::MatrixXd& x,
                          const AnyEnergy<double>& energy, const Block<double>& place, Index row,
                          Index which) {
  const std::array<Index, 1> rows{0};
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(energy.num_params());
  energy.add_param_grad(place, {0, 1}, PerChain::Ones(1), gradient);
  const double w = model.params()[which];
  const auto found = contradiction(
      [&](double t) {
        Params changed = model.params();
        changed[which] = w + t;
        const AnyModel other = model.with_params(std::move(changed));
        return energy_of(other.bind_double(other.prepare(x), rows), place);
      },
      gradient[which], std::max(1.0, std::abs(w)));
  if (found) {
    refuse(fmt::format("dE/d{}", model.param_name(which)), row, gradient[which], *found);
  }
}

}  // namespace

void check_gradients(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                     std::uint64_t seed) {
  const Index num_params = model.shape().num_params;
  for_places(model, x, y, seed, [&](const CheckPlace& at) {
    if (at.energy.can(Ability::gradient)) {
      check_position_gradient(at.energy, at.position, at.row);
    }
    if (at.energy.can(Ability::param_grad) && num_params > 0) {
      const Index which = (at.number * 7919 + 1) % num_params;
      check_param_gradient(model, at.x, at.energy, at.position, at.row, which);
    }
  });
}

}  // namespace negphase
