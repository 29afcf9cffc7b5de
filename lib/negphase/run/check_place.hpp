#pragma once
#include <functional>

#include "negphase/core/model.hpp"

namespace negphase {

/// Where a model is tried before it runs: data in y, random states in z, bound to that row alone.
struct CheckPlace {
  Index number;       ///< 0, 1, ...
  Index row;          ///< of the data
  Eigen::MatrixXd x;  ///< the row's [1 x num_x]
  AnyEnergy<double> energy;
  Block<double> position;  ///< [1 x columns]
};

/// Calls `check` at up to 10 rows, evenly spread; places of no finite energy are passed over.
/// @param seed  of z
void for_places(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                std::uint64_t seed, const std::function<void(const CheckPlace&)>& check);

/// E at one place.
double energy_of(const AnyEnergy<double>& energy, const Block<double>& place);

}  // namespace negphase
