#pragma once
#include <Eigen/Core>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <cstdint>

#include "negphase/random/stream_engine.hpp"

namespace negphase::testing {

/// Independent stationary chains x_{i+1} = a x_i + sqrt(1 - a^2) noise of N(0, 1): autocorrelations
/// a^t, autocorrelation time (1 + a) / (1 - a). [draws x chains]
inline Eigen::ArrayXXd ar1_chains(Index draws, Index chains, double a, std::uint64_t seed) {
  Eigen::ArrayXXd x(draws, chains);
  for (Index c = 0; c < chains; ++c) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(c), 0, Purpose::user);
    boost::random::normal_distribution<double> normal;
    x(0, c) = normal(engine);
    for (Index i = 1; i < draws; ++i) {
      x(i, c) = a * x(i - 1, c) + std::sqrt(1 - a * a) * normal(engine);
    }
  }
  return x;
}

}  // namespace negphase::testing
