#include "negphase/run/random_position.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <tuple>
#include <vector>

#include "negphase/random/stream_engine.hpp"
#include "planted/RO6.hpp"

namespace {

using namespace negphase;

// one draw after the other from the chain's own stream, as the declaration has it
std::vector<double> plainly(const std::vector<Column>& columns, std::uint64_t seed, Index chain,
                            std::uint64_t time) {
  StreamEngine engine(seed, static_cast<std::uint32_t>(chain), time, Purpose::start);
  std::vector<double> position;
  for (const Column& column : columns) {
    if (column.num_states > 0) {
      boost::random::uniform_int_distribution<Index> state(0, column.num_states - 1);
      position.push_back(state_code(column, state(engine)));
    } else {
      boost::random::normal_distribution<double> normal;
      position.push_back(normal(engine));
    }
  }
  return position;
}

std::vector<Column> some_columns(Index bits, Index spins, bool others) {
  std::vector<Column> columns(static_cast<std::size_t>(bits), bit_column());
  columns.insert(columns.end(), static_cast<std::size_t>(spins), spin_column());
  if (others) {
    columns.push_back(real_column());
    columns.push_back(Column{ColumnKind::category, 3});
    columns.push_back(bit_column());
    columns.push_back(real_column());
  }
  return columns;
}

template <class Function>
bool is_plain(Function&& random_position) {
  bool same = true;
  for (const auto& [bits, spins, others] : {std::tuple{0, 0, true},
                                            {1, 0, true},
                                            {5, 2, true},
                                            {64, 0, false},
                                            {60, 9, true},
                                            {200, 3, false}}) {
    const std::vector<Column> columns = some_columns(bits, spins, others);
    for (const Index chain : {0, 7, 4095}) {
      std::vector<double> position(columns.size());
      random_position(columns, 11, chain, position, 3);
      same = same && position == plainly(columns, 11, chain, 3);
    }
  }
  return same;
}

}  // namespace

TEST_CASE("a random position is what its stream gives column by column; RO6 is not") {
  CHECK(is_plain([](const auto& columns, std::uint64_t seed, Index chain, std::span<double> to,
                    std::uint64_t time) { random_position(columns, seed, chain, to, time); }));
  CHECK_FALSE(is_plain(
      [](const auto& columns, std::uint64_t seed, Index chain, std::span<double> to,
         std::uint64_t time) { planted::RO6::random_position(columns, seed, chain, to, time); }));
}

TEST_CASE("the bits of random positions are even") {
  const std::vector<Column> columns(96, bit_column());
  constexpr int chains = 2000;
  std::vector<double> position(columns.size());
  double ones = 0;
  for (Index c = 0; c < chains; ++c) {
    random_position(columns, 5, c, position);
    ones += static_cast<double>(std::count(position.begin(), position.end(), 1.0));
  }
  // 192,000 fair bits: 5 standard errors of their share
  CHECK(std::abs(ones / (96.0 * chains) - 0.5) < 5 * 0.5 / std::sqrt(96.0 * chains));
}
