#include "negphase/io/rows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "negphase/io/complaints.hpp"
#include "negphase/random/philox.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {

namespace {

using Eigen::Index;
using Marks = std::vector<bool>;

// Which of the table's rows the ranges name.
Marks marked(std::span<const RowRange> ranges, std::string_view key, const Table& table,
             Complaints& complaints) {
  Marks marks(static_cast<std::size_t>(table.rows()), false);
  for (const RowRange& range : ranges) {
    if (range.last > table.rows()) {
      complaints.add(range.place,
                     fmt::format("[data]: {}: there is no row {} in {} (legal: 1 to {})", key,
                                 range.last, table.file.string(), table.rows()));
    }
    for (Index r = range.first - 1; r < std::min<Index>(range.last, table.rows()); ++r) {
      marks[static_cast<std::size_t>(r)] = true;
    }
  }
  return marks;
}

std::vector<Index> rows_of(const Marks& marks) {
  std::vector<Index> rows;
  for (std::size_t r = 0; r < marks.size(); ++r) {
    if (marks[r]) {
      rows.push_back(static_cast<Index>(r));
    }
  }
  return rows;
}

// The `count` rows of `from` with the smallest words.
Marks drawn(const Marks& from, Index count, std::uint64_t seed) {
  const std::uint64_t key = derive_seed(seed, "held-out rows");
  std::vector<std::pair<std::uint64_t, std::size_t>> words;
  for (std::size_t r = 0; r < from.size(); ++r) {
    if (from[r]) {
      words.emplace_back(stream_word64(key, 0, 0, static_cast<std::uint32_t>(Purpose::data), r), r);
    }
  }
  std::sort(words.begin(), words.end());
  Marks marks(from.size(), false);
  for (Index i = 0; i < count; ++i) {
    marks[words[static_cast<std::size_t>(i)].second] = true;
  }
  return marks;
}

}  // namespace

RowSplit split_rows(const DataSpec& spec, const Table& table) {
  Complaints complaints;
  Marks train = spec.rows.empty() ? Marks(static_cast<std::size_t>(table.rows()), true)
                                  : marked(spec.rows, "rows", table, complaints);
  Marks test = marked(spec.test, "test", table, complaints);
  if (spec.test_share) {
    const auto rows = std::count(train.begin(), train.end(), true);
    const auto count = std::llround(*spec.test_share * static_cast<double>(rows));
    if (count < 1) {
      complaints.add(spec.test_place, fmt::format("[data]: test = {} of {} rows holds out none",
                                                  *spec.test_share, rows));
    }
    test = drawn(train, std::min<Index>(count, rows), spec.split_seed);
  }
  for (std::size_t r = 0; r < train.size(); ++r) {
    train[r] = train[r] && !test[r];
  }
  if (std::none_of(train.begin(), train.end(), [](bool is_in) { return is_in; })) {
    complaints.add(spec.test_place, "[data]: test holds out every row; none is left to train on");
  }
  complaints.throw_if_any();
  return {rows_of(train), rows_of(test)};
}

}  // namespace negphase
