#include "negphase/run/energy_trace.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "planted/MX1.hpp"
#include "planted/MX2.hpp"

// Draws whose number is their energy. How these tests can fail: draws or chains that are kept in
// another's place, more or fewer than said, energies of another model than the draws', padding that
// is kept.

using namespace negphase;

namespace {

/// E = y.
struct Line {
  using Scalar = double;
  std::vector<Column> free{real_column()};
  std::span<const Column> columns() const { return free; }
  void energy(const Block<double>& y, PerChain& out) const { out = y.col(0); }
};

AnyState<double> state_of(Index first_chain, Index draw, Index width, bool kept) {
  ChainState<double> state;
  state.position.resize(width, 1);
  for (Index c = 0; c < width; ++c) {
    state.position(c, 0) = static_cast<double>(1000000 * draw + first_chain + c);
  }
  state.beta = PerChain::Ones(width);
  // a kernel's own energies are told from the energy's by a sign
  state.energy = kept ? PerChain(-state.position.col(0))
                      : PerChain::Constant(width, std::numeric_limits<double>::quiet_NaN());
  return AnyState<double>(std::move(state));
}

template <class Trace = EnergyTrace>
Eigen::ArrayXXd trace_of(Index chains, Index draws, Index width, bool kept = false) {
  const AnyEnergy<double> energy{Line{}};
  const Index blocks = (chains + width - 1) / width;
  Trace trace(chains, draws, blocks);
  for (Index b = blocks; b-- > 0;) {  // blocks come in any order
    for (Index d = 1; d <= draws; ++d) {
      trace.look(b, b * width, std::min(width, chains - b * width), energy,
                 state_of(b * width, d, width, kept));
    }
  }
  return trace.energies();
}

/// Whether row i holds the draw (i + 1) * every of each chain.
bool holds(const Eigen::ArrayXXd& energies, Index every, double sign = 1) {
  for (Index i = 0; i < energies.rows(); ++i) {
    for (Index c = 0; c < energies.cols(); ++c) {
      if (energies(i, c) != sign * static_cast<double>(1000000 * (i + 1) * every + c)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("energy trace: 64 to 127 evenly spaced draws, or all, of 1024 chains at the most") {
  struct Case {
    Index draws, kept, every;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{63, 63, 1}, Case{64, 64, 1}, Case{127, 127, 1},
                        Case{128, 64, 2}, Case{191, 95, 2}, Case{1000, 66, 15}}) {
    const Eigen::ArrayXXd energies = trace_of(13, c.draws, 8);
    CHECK(energies.rows() == c.kept);
    CHECK(energies.cols() == 13);
    CHECK(holds(energies, c.every));
  }
  const Eigen::ArrayXXd many = trace_of(1100, 2, 64);
  CHECK(many.cols() == 1024);
  CHECK(holds(many, 1));
}

TEST_CASE("energy trace: energies that the kernel keeps are taken as they are") {
  CHECK(holds(trace_of(8, 130, 8, true), 2, -1));
}

TEST_CASE("planted MX1: every block counts the draws of all") {
  CHECK_FALSE(holds(trace_of<planted::MX1::EnergyTrace>(13, 128, 8), 2));
}

TEST_CASE("planted MX2: twice as many draws are kept") {
  CHECK_FALSE(holds(trace_of<planted::MX2::EnergyTrace>(13, 128, 8), 2));
}
