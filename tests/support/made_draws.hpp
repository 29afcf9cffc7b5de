#pragma once
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <string>

#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase::test {

/// Laws of which independent draws are easy to have.
enum class Law { normal, cauchy, spins, rare_bits };

/// Independent draws of one law, or with `memory` an AR(1) chain of the normal law in its
/// stationary state.
inline ChainDraws made_draws(std::uint64_t seed, Law law, Eigen::Index chains, Eigen::Index draws,
                             Eigen::Index quantities, double memory = 0) {
  ChainDraws made;
  for (Eigen::Index j = 0; j < quantities; ++j) {
    made.names.push_back("q." + std::to_string(j + 1));
  }
  boost::random::normal_distribution<double> normal;
  boost::random::uniform_int_distribution<int> of_hundred(0, 99);
  for (Eigen::Index c = 0; c < chains; ++c) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(c), 0, Purpose::exact);
    Eigen::ArrayXXd values(draws, quantities);
    for (Eigen::Index j = 0; j < quantities; ++j) {
      for (Eigen::Index t = 0; t < draws; ++t) {
        const double z = normal(engine);
        switch (law) {
          case Law::normal:
            values(t, j) =
                t == 0 ? z : memory * values(t - 1, j) + std::sqrt(1 - memory * memory) * z;
            break;
          case Law::cauchy:
            values(t, j) = z / normal(engine);
            break;
          case Law::spins:
            values(t, j) = z > 0 ? 1 : -1;
            break;
          case Law::rare_bits:
            values(t, j) = of_hundred(engine) == 0 ? 1 : 0;
            break;
        }
      }
    }
    made.chains.push_back(std::move(values));
  }
  return made;
}

}  // namespace negphase::test
