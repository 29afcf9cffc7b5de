#pragma once
#include <Eigen/Core>
#include <boost/random/normal_distribution.hpp>
#include <cstdint>

#include "negphase/random/stream_engine.hpp"

namespace negphase::testing {

/// Independent N(0, 1), [rows x columns], from stream `stream` of the seed.
inline Eigen::ArrayXXd normal_draws(std::uint64_t seed, std::uint32_t stream, Index rows,
                                    Index columns) {
  StreamEngine engine(seed, stream, 0, Purpose::exact);
  boost::random::normal_distribution<double> normal;
  Eigen::ArrayXXd draws(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      draws(i, j) = normal(engine);
    }
  }
  return draws;
}

}  // namespace negphase::testing
