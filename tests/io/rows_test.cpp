#include "negphase/io/rows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"
#include "planted/D2.hpp"
#include "planted/D3.hpp"
#include "planted/D7.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: rows counted from 0, a range without its end, held-out rows that are
// trained on, a draw that depends on which other rows are used or that takes another number of
// rows.

using namespace negphase;
using namespace negphase::test;

namespace {

using Rows = std::vector<Eigen::Index>;

Table table_of(Eigen::Index rows) {
  Table table;
  table.file = "t.csv";
  table.values = Eigen::MatrixXd::Zero(rows, 1);
  return table;
}

RowRange range(std::int64_t first, std::int64_t last) { return {first, last, {"m.toml", 4, 8}}; }

DataSpec spec(std::vector<RowRange> rows, std::vector<RowRange> test) {
  DataSpec s;
  s.rows = std::move(rows);
  s.test = std::move(test);
  s.test_place = {"m.toml", 5, 8};
  return s;
}

DataSpec share(double of_rows, std::uint64_t seed = 1) {
  DataSpec s = spec({}, {});
  s.test_share = of_rows;
  s.split_seed = seed;
  return s;
}

bool splits_by_hand(const auto& split) {
  const auto both =
      split(spec({range(2, 5), range(9, 9)}, {range(4, 4), range(7, 8)}), table_of(9));
  return both.train == Rows{1, 2, 4, 8} && both.test == Rows{3, 6, 7};
}

// The rows with the smallest words, drawn one word after the other by the engine.
Rows smallest_words(Eigen::Index first, Eigen::Index last, std::size_t count, std::uint64_t seed) {
  StreamEngine engine(derive_seed(seed, "held-out rows"), 0, 0, Purpose::data);
  std::vector<std::pair<std::uint64_t, Eigen::Index>> words;
  for (Eigen::Index r = 0; r <= last; ++r) {
    const std::uint64_t low = engine();
    const std::uint64_t high = engine();
    if (r >= first) {
      words.emplace_back(high << 32 | low, r);
    }
  }
  std::sort(words.begin(), words.end());
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back(words[i].second);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

bool draws_by_row(const auto& split) {
  DataSpec s = share(0.3, 5);
  s.rows = {range(11, 50)};
  return split(s, table_of(60)).test == smallest_words(10, 49, 12, 5);
}

std::string refusal(const DataSpec& s, Eigen::Index rows) {
  return message_of<ConfigError>([&] { split_rows(s, table_of(rows)); });
}

}  // namespace

TEST_CASE("rows: named rows, from 1, without those held out") {
  CHECK(splits_by_hand([](const auto&... a) { return split_rows(a...); }));
  CHECK(split_rows(spec({}, {}), table_of(3)).train == Rows{0, 1, 2});
  CHECK(split_rows(spec({}, {}), table_of(3)).test.empty());
  // test rows need not be among `rows`
  CHECK(split_rows(spec({range(1, 2)}, {range(3, 3)}), table_of(3)).test == Rows{2});
}

TEST_CASE("rows: a share is drawn by the words of its rows") {
  CHECK(draws_by_row([](const auto&... a) { return split_rows(a...); }));
  const RowSplit split = split_rows(share(0.2), table_of(344));
  CHECK(split.test.size() == 69);  // round(68.8)
  CHECK(split.train.size() == 344 - 69);
  Rows all = split.train;
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  CHECK(all == split_rows(spec({}, {}), table_of(344)).train);  // every row once
  CHECK(split_rows(share(0.2, 2), table_of(344)).test != split.test);
  CHECK(split_rows(share(0.5), table_of(2)).test.size() == 1);
}

TEST_CASE("rows: wrong splits are noticed") {
  CHECK_FALSE(splits_by_hand([](const auto&... a) { return planted::D2::split_rows(a...); }));
  CHECK_FALSE(splits_by_hand([](const auto&... a) { return planted::D3::split_rows(a...); }));
  CHECK_FALSE(draws_by_row([](const auto&... a) { return planted::D7::split_rows(a...); }));
}

TEST_CASE("rows: refusals, all at once") {
  const std::string both = refusal(spec({range(1, 10)}, {range(5, 12)}), 9);
  CHECK(contains(both, "m.toml:4:8: [data]: rows: there is no row 10 in t.csv (legal: 1 to 9)"));
  CHECK(contains(both, "[data]: test: there is no row 12"));
  CHECK(contains(refusal(spec({}, {range(1, 9)}), 9), "m.toml:5:8: [data]: test holds out every"));
  CHECK(contains(refusal(share(0.1), 4), "test = 0.1 of 4 rows holds out none"));
  CHECK(contains(refusal(share(0.9), 4), "none is left to train on"));
}

TEST_CASE("rows: text of a range") {
  RowRange r;
  CHECK(read_row_range("7", r));
  CHECK((r.first == 7 && r.last == 7));
  CHECK(read_row_range(" 1 .. 300 ", r));
  CHECK((r.first == 1 && r.last == 300));
  CHECK(read_row_range("5..2", r));  // that it runs backwards is somebody else's to say
  for (const char* bad :
       {"", "..", "1..", "..3", "1-3", "1...3", "1..3..5", "a", "1.5", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_row_range(bad, r));
  }
}

TEST_CASE("rows: rows that are named twice") {
  CHECK(rows_named_twice({range(1, 3), range(4, 4), range(5, 9)}).empty());
  const auto twice = rows_named_twice({range(5, 9), range(1, 20), range(15, 15), range(21, 21)});
  REQUIRE(twice.size() == 2);
  CHECK(twice[0].first == 5);
  CHECK(twice[1].first == 15);  // the long range covers it, not the one just before
}
