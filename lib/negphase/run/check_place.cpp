#include "negphase/run/check_place.hpp"

#include <array>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>

#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

constexpr Index most_places = 10;

// Data in y, random states in z: a legal place of the model.
Block<double> place_of(const ModelShape& shape, const Eigen::MatrixXd& y, Index row,
                       std::uint64_t seed) {
  Block<double> place(1, shape.num_y() + shape.num_z());
  place.leftCols(shape.num_y()) = y.row(row);
  StreamEngine engine(seed, static_cast<std::uint32_t>(row), 0, Purpose::start);
  for (Index j = 0; j < shape.num_z(); ++j) {
    const Column& column = shape.z[static_cast<std::size_t>(j)];
    if (column.num_states > 0) {
      boost::random::uniform_int_distribution<Index> state(0, column.num_states - 1);
      place(0, shape.num_y() + j) = state_code(column, state(engine));
    } else {
      boost::random::normal_distribution<double> normal;
      place(0, shape.num_y() + j) = normal(engine);
    }
  }
  return place;
}

}  // namespace

double energy_of(const AnyEnergy<double>& energy, const Block<double>& place) {
  PerChain out(1);
  energy.energy(place, out);
  return out[0];
}

void for_places(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                std::uint64_t seed, const std::function<void(const CheckPlace&)>& check) {
  const ModelShape shape = model.shape();
  const Index places = std::min(most_places, y.rows());
  for (Index i = 0; i < places; ++i) {
    const Index row = i * y.rows() / places;
    // one row of x alone: a check may prepare it anew for each difference
    const Eigen::MatrixXd own_x = shape.num_x > 0 ? Eigen::MatrixXd(x.row(row)) : x;
    const std::array<Index, 1> rows{0};
    const CheckPlace place{i, row, own_x, model.bind_double(model.prepare(own_x), rows),
                           place_of(shape, y, row, seed)};
    if (std::isfinite(energy_of(place.energy, place.position))) {
      check(place);
    }
  }
}

}  // namespace negphase
