#include "negphase/io/data_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include "negphase/io/config_nodes.hpp"

namespace negphase {

namespace {

class DataTable : private ConfigNodes {
 public:
  DataTable(const std::filesystem::path& file, Complaints& complaints)
      : ConfigNodes(file, complaints) {}

  DataSpec read(const toml::table& t) {
    DataSpec data;
    data.place = place_of(t);
    for (const ConfigEntry& entry : in_file_order(t)) {
      if (!read_columns_key(entry, data) && !read_rows_key(entry, data)) {
        unknown_key(entry, "[data]", data_keys());
      }
    }
    check_data(t, data);
    return data;
  }

 private:
  std::vector<ColumnChoice> columns(const toml::node& node, std::string_view what) {
    std::vector<ColumnChoice> all;
    const auto add = [&](const toml::node& one) {
      if (const auto* name = one.as_string()) {
        all.push_back({name->get(), 0, place_of(one)});
      } else if (const auto* number = one.as_integer()) {
        all.push_back({"", number->get(), place_of(one)});
      } else {
        wrong_type(one, what, "a column's name or number (from 1)");
      }
    };
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& one : *array) {
        add(one);
      }
    } else {
      add(node);
    }
    return all;
  }
  // "7", "1..300" or 7.
  std::optional<RowRange> row_range(const toml::node& node, std::string_view what) {
    RowRange range{0, 0, place_of(node)};
    if (const auto* number = node.as_integer()) {
      range.first = range.last = number->get();
    } else if (const auto* text = node.as_string()) {
      if (!read_row_range(text->get(), range)) {
        complaints_.add(range.place, fmt::format("{}: '{}' is no row and no range of rows (legal: "
                                                 "7, \"1..300\")",
                                                 what, text->get()));
        return {};
      }
    } else {
      wrong_type(node, what, "row numbers or ranges, 7 or \"1..300\"");
      return {};
    }
    if (range.first < 1) {
      complaints_.add(range.place, fmt::format("{}: there is no row {}: rows are counted from 1",
                                               what, range.first));
    } else if (range.last < range.first) {
      complaints_.add(range.place, fmt::format("{}: the range '{}..{}' runs backwards", what,
                                               range.first, range.last));
    } else {
      return range;
    }
    return {};
  }
  std::vector<RowRange> row_ranges(const toml::node& node, std::string_view what) {
    std::vector<RowRange> all;
    const toml::array* array = node.as_array();
    for (std::size_t i = 0; i < (array != nullptr ? array->size() : 1); ++i) {
      if (const auto range = row_range(array != nullptr ? (*array)[i] : node, what)) {
        all.push_back(*range);
      }
    }
    if (array != nullptr && array->empty()) {
      complaints_.add(place_of(node), fmt::format("{} names no row", what));
    }
    for (const auto& [row, place] : rows_named_twice(all)) {
      complaints_.add(place, fmt::format("{} names row {} twice", what, row));
    }
    return all;
  }
  // A share, or else rows.
  void read_test(const toml::node& node, DataSpec& data) {
    data.test_place = place_of(node);
    const bool is_zero = node.value<std::int64_t>() == 0;  // meant as a share, not as a row
    if (!node.is_floating_point() && !is_zero) {
      data.test = row_ranges(node, "[data]: test");
      return;
    }
    const double share = node.value_or(0.0);
    if (share > 0 && share < 1) {
      data.test_share = share;
    } else {
      complaints_.add(data.test_place,
                      fmt::format("[data]: test = {} is out of range (legal: a share of the rows, "
                                  "0 < test < 1, or row numbers like \"301..400\"; leave it out "
                                  "to hold no row out)",
                                  share));
    }
  }
  // The word of `words` that stands here; 0 and a complaint where none does.
  std::size_t choice(const toml::node& node, const std::string& what,
                     const std::vector<std::string>& words) {
    const std::string got = word(node, "[data]: " + what).value_or(words[0]);
    const auto at = std::find(words.begin(), words.end(), got);
    if (at == words.end()) {
      complaints_.add(place_of(node), "[data]: " + unknown_name(what, got, words));
      return 0;
    }
    return static_cast<std::size_t>(at - words.begin());
  }

  // Each once; a whole number is the label that its digits are.
  std::vector<std::string> label_order(const toml::node& node, const std::string& what) {
    std::vector<std::string> order;
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty()) {
      wrong_type(node, what, "an array of labels");
      return order;
    }
    for (const toml::node& one : *array) {
      std::string label;
      if (const auto* number = one.as_integer()) {
        label = fmt::format("{}", number->get());
      } else if (const auto* text = one.as_string()) {
        label = text->get();
      } else {
        wrong_type(one, what, "a string or whole number");
        continue;
      }
      if (std::find(order.begin(), order.end(), label) != order.end()) {
        complaints_.add(place_of(one), fmt::format("{}: '{}' stands twice", what, label));
      } else {
        order.push_back(std::move(label));
      }
    }
    return order;
  }
  std::optional<ImageShape> image_shape(const toml::node& node) {
    constexpr std::int64_t most = 1'000'000;  // so that the product is no overflow
    std::vector<std::int64_t> sizes;
    const toml::array* array = node.as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const auto size = (*array)[i].value_exact<std::int64_t>();
      sizes.push_back(size && *size <= most ? *size : 0);
    }
    if (sizes.size() != 2 || sizes[0] < 1 || sizes[1] < 1) {
      wrong_type(node, "[data]: image",
                 fmt::format("rows and columns of the picture that y is, [8, 8], each from 1 to {}",
                             most));
      return {};
    }
    return ImageShape{sizes[0], sizes[1]};
  }
  // Columns, or a table of columns and the order of their labels.
  std::vector<LabelChoice> labels(const toml::node& node) {
    std::vector<LabelChoice> all;
    const toml::table* t = node.as_table();
    if (t == nullptr) {
      for (ColumnChoice& column : columns(node, "[data]: labels")) {
        all.push_back({std::move(column), {}});
      }
      return all;
    }
    for (const ConfigEntry& entry : in_file_order(*t)) {
      all.push_back({{entry.name(), 0, entry.place()},
                     label_order(*entry.node, fmt::format("[data]: labels of {}", entry.name()))});
    }
    return all;
  }

  bool read_columns_key(const ConfigEntry& entry, DataSpec& data) {
    const std::string key = entry.name();
    const toml::node& node = *entry.node;
    if (key == "file") {
      if (const auto path = word(node, "[data]: file")) {
        data.file = resolved(*path, node);
        data.place = place_of(node);
      }
    } else if (key == "header") {
      data.header = node.value_exact<bool>();
      if (!data.header) {
        wrong_type(node, "[data]: header", "true or false");
      }
    } else if (key == "x") {
      data.x = columns(node, "[data]: x");
    } else if (key == "y") {
      data.y = columns(node, "[data]: y");
    } else if (key == "labels") {
      data.labels_place = place_of(node);
      data.labels = labels(node);
    } else if (key == "standardize") {
      data.standardize_place = place_of(node);
      if (const auto all = node.value_exact<bool>()) {
        data.standardize_all = *all;
      } else {
        data.standardize = columns(node, "[data]: standardize");
      }
    } else if (key == "threshold") {
      data.threshold = finite(node, "[data]: threshold");
      data.threshold_place = place_of(node);
    } else if (key == "image") {
      data.image = image_shape(node);
      data.image_place = place_of(node);
    } else {
      return false;
    }
    return true;
  }
  bool read_rows_key(const ConfigEntry& entry, DataSpec& data) {
    const std::string key = entry.name();
    const toml::node& node = *entry.node;
    if (key == "rows") {
      data.rows = row_ranges(node, "[data]: rows");
    } else if (key == "test") {
      read_test(node, data);
    } else if (key == "split_seed") {
      data.split_seed = seed(node, "[data]: split_seed");
    } else if (key == "part") {
      data.part = choice(node, "part", {"train", "test"}) == 1 ? DataPart::test : DataPart::train;
      data.part_place = place_of(node);
    } else if (key == "missing") {
      data.drop_missing = choice(node, "missing", {"refuse", "drop"}) == 1;
    } else {
      return false;
    }
    return true;
  }
  // What the keys say together.
  void check_data(const toml::table& t, const DataSpec& data) {
    if (!t.contains("file")) {
      complaints_.add(data.place, "[data] needs the key file (a .csv, .csv.gz or .npy file)");
    }
    if (!t.contains("y")) {
      complaints_.add(data.place, "[data] needs the key y (names or numbers of columns)");
    } else if (data.y.empty()) {
      complaints_.add(place_of(*t.get("y")), "[data]: y names no column");
    }
    if (data.part == DataPart::test && !t.contains("test")) {
      complaints_.add(data.part_place,
                      "[data]: part = \"test\" needs the key test (rows, or a share of them)");
    }
    if (t.contains("split_seed") && (!t.contains("test") || !data.test.empty())) {
      complaints_.add(place_of(*t.get("split_seed")),
                      "[data]: split_seed goes with a share that is held out, test = 0.2");
    }
  }
};

}  // namespace

DataSpec read_data_table(const toml::table& table, const std::filesystem::path& file,
                         Complaints& complaints) {
  return DataTable(file, complaints).read(table);
}

}  // namespace negphase
