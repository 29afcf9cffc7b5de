#include "negphase/run/energy_trace.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <vector>

#include "planted/MX1.hpp"
#include "planted/MX12.hpp"
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

template <class Trace = EnergyTrace, class Kept = KeptChains>
Eigen::ArrayXXd trace_of(Index chains, Index draws, Index width, bool kept = false) {
  const AnyEnergy<double> energy{Line{}};
  const Index blocks = (chains + width - 1) / width;
  Trace trace(Kept(chains), draws, blocks);
  for (Index b = blocks; b-- > 0;) {  // blocks come in any order
    for (Index d = 1; d <= draws; ++d) {
      trace.look(b, b * width, std::min(width, chains - b * width), energy,
                 state_of(b * width, d, width, kept));
    }
  }
  return trace.energies().values;
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
  CHECK_FALSE(holds(trace_of<planted::MX1::EnergyTrace, planted::MX1::KeptChains>(13, 128, 8), 2));
}

TEST_CASE("planted MX2: twice as many draws are kept") {
  CHECK_FALSE(holds(trace_of<planted::MX2::EnergyTrace, planted::MX2::KeptChains>(13, 128, 8), 2));
}

namespace {

/// Whether places are those of whole rows, one a chain, each on the row that it says.
template <class Kept>
bool keeps_whole_rows(Index chains, Index rows) {
  const Kept kept(chains, rows);
  std::set<Index> places, kept_rows;
  for (Index c = 0; c < chains; ++c) {
    const Index place = kept.place_of(c);
    if (place >= 0) {
      places.insert(place);
      kept_rows.insert(c % rows);
      if (place >= kept.count() || place % kept.rows() != c % rows) {
        return false;
      }
    }
  }
  Index whole = 0;
  for (Index c = 0; c < chains; ++c) {
    whole += kept_rows.contains(c % rows) ? 1 : 0;
  }
  const bool all_of_a_row = whole == kept.count() || rows == 1 || chains / rows >= 1024;
  return all_of_a_row && static_cast<Index>(places.size()) == kept.count() &&
         kept.count() <= 1024 &&
         kept.count() >= std::min<Index>(chains, 512) / (rows > 512 ? 2 : 1);
}

}  // namespace

TEST_CASE("energy trace: chains are kept by whole rows") {
  for (const Index chains : {1, 7, 64, 200, 1023, 1024, 1025, 3000, 5000}) {
    for (const Index rows : {1, 2, 3, 7, 100, 512, 600, 1024, 1500, 6000}) {
      CAPTURE(chains);
      CAPTURE(rows);
      CHECK(keeps_whole_rows<KeptChains>(chains, rows));
    }
  }
  CHECK(KeptChains().count() == 0);
  CHECK_FALSE(keeps_whole_rows<planted::MX12::KeptChains>(1200, 600));
}

TEST_CASE("energy trace: what was kept is saved, and damaged bytes are refused") {
  KeptEnergies energies{Eigen::ArrayXXd::Random(5, 6), 3}, back, none{Eigen::ArrayXXd(), 1};
  SavedState state;
  energies.save(state, "e");
  back.restore(state, "e");
  CHECK((back.values == energies.values).all());
  CHECK(back.rows == 3);
  none.save(state, "n");
  back.restore(state, "n");
  CHECK(back.values.size() == 0);
  for (const Index draws : {-1, 0, 4, 31, 1 << 30}) {
    state.put("e/draws", draws);
    CHECK_THROWS_AS(back.restore(state, "e"), ConfigError);
  }
  state.put("e/draws", Index{5});
  state.put_bytes("e/values", "seven b");
  CHECK_THROWS_AS(back.restore(state, "e"), ConfigError);
}
