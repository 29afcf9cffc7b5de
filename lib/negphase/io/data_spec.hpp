#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

/// A column of a table: its name, its number (from 1), or a range of either, "p0..p63", "1..64".
struct ColumnChoice {
  std::string text;  ///< the name or range; "" where a number was written
  std::int64_t number = 0;
  FilePlace place;
};

/// Rows of a file, first to last, both included; counted from 1 without the header.
struct RowRange {
  std::int64_t first = 1, last = 1;
  FilePlace place;
};

/// Columns whose fields are labels, and their order.
struct LabelChoice {
  ColumnChoice columns;
  std::vector<std::string> order;  ///< empty: those that are found, sorted
};

/// Which rows a problem is about: those to train on, or those held out.
enum class DataPart { train, test };

/// The picture that a row of y is: pixels row by row.
struct ImageShape {
  std::int64_t rows = 1, columns = 1;
};

/// The [data] table: which rows and columns of which file are x and y, and what is done to them.
struct DataSpec {
  std::filesystem::path file;
  FilePlace place;
  std::optional<bool> header;  ///< whether the first line holds names; found out if not said
  std::vector<ColumnChoice> x, y;
  std::vector<RowRange> rows;        ///< only these are used; empty: all
  std::vector<RowRange> test;        ///< rows held out
  std::optional<double> test_share;  ///< the share of the rows that is held out, in place of `test`
  FilePlace test_place;
  std::uint64_t split_seed = 1;  ///< which rows a share is
  DataPart part = DataPart::train;
  FilePlace part_place;
  std::vector<LabelChoice> labels;
  FilePlace labels_place;
  bool drop_missing = false;     ///< missing = "drop"
  bool standardize_all = false;  ///< standardize = true
  std::vector<ColumnChoice> standardize;
  FilePlace standardize_place;
  std::optional<double> threshold;  ///< a y >= threshold is the second state, else the first
  FilePlace threshold_place;
  std::optional<ImageShape> image;  ///< y is a picture
  FilePlace image_place;

  /// Whether rows are held out.
  bool has_test() const { return test_share || !test.empty(); }
};

/// The keys of [data].
const std::vector<std::string>& data_keys();

/// Reads "7" or "1..300"; false where the text is neither. Whether the rows are there is not asked.
bool read_row_range(std::string_view text, RowRange& range);

/// Rows that two of the ranges have: the first such row of each, and the later range's place.
std::vector<std::pair<std::int64_t, FilePlace>> rows_named_twice(std::vector<RowRange> ranges);

}  // namespace negphase
