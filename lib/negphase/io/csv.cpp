#include "negphase/io/csv.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "negphase/io/complaints.hpp"
#include "negphase/io/csv_lines.hpp"
#include "negphase/io/number_text.hpp"

namespace negphase {

namespace {

using Fields = std::vector<std::string>;

bool reads_as(const std::string& field, NumberText kind) {
  double ignored = 0;
  return read_number(field, ignored) == kind;
}

// Whether the first line holds names; `second` is null where there is none.
bool looks_like_header(const Fields& first, const Fields* second) {
  bool no_number = true;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool is_name = reads_as(first[i], NumberText::not_a_number);
    no_number = no_number && (is_name || first[i].empty());
    if (is_name && second != nullptr && i < second->size() &&
        reads_as((*second)[i], NumberText::number)) {
      return true;
    }
  }
  return no_number;
}

bool holds_a_number(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(),
                     [](const std::string& field) { return reads_as(field, NumberText::number); });
}

// Two lines of words: the first may be names or labels, and taking one for the other would lose a
// row in silence.
void refuse_unclear_header(const CsvLine& first, const CsvLine& second, const std::string& file) {
  const bool words = std::any_of(second.fields.begin(), second.fields.end(), [](const auto& field) {
    return reads_as(field, NumberText::not_a_number);
  });
  if (words && !holds_a_number(first.fields) && !holds_a_number(second.fields)) {
    throw ConfigError({file, first.number, 0},
                      "neither this line nor the next holds a number: say header = true or false "
                      "in [data]");
  }
}

// A file of another dialect looks like one column.
void refuse_other_separators(const CsvLine& first, const std::string& file) {
  if (first.fields.size() != 1) {
    return;
  }
  for (const auto& [separator, name] : {std::pair{';', "semicolons"}, std::pair{'\t', "tabs"}}) {
    if (first.fields[0].find(separator) != std::string::npos) {
      throw ConfigError({file, first.number, 0},
                        fmt::format("the fields are separated by {}; wanted are commas (and a "
                                    "decimal point)",
                                    name));
    }
  }
}

void check_names(const Fields& names, const FilePlace& place) {
  Complaints complaints;
  std::set<std::string> seen;
  for (const auto& name : names) {
    if (!name.empty() && !seen.insert(name).second) {
      complaints.add(place, fmt::format("two columns are named '{}'", name));
    }
  }
  complaints.throw_if_any();
}

// Takes the rows of a table one by one.
class TableBuilder {
 public:
  TableBuilder(const std::filesystem::path& file, std::size_t width, Fields names,
               const ColumnUses& uses)
      : uses_(width, ColumnUse::numbers), texts_(width) {
    table_.file = file;
    table_.names = std::move(names);
    table_.odd.resize(width);
    table_.text.resize(width);
    table_.values.resize(0, static_cast<Eigen::Index>(width));
    if (uses) {
      uses_ = uses(table_);
    }
    for (std::size_t c = 0; c < width; ++c) {
      if (uses_[c] == ColumnUse::text) {
        table_.text[c].emplace();
      }
    }
  }

  void add(const CsvLine& line) {
    const std::size_t width = uses_.size();
    if (line.fields.size() != width) {
      complaints_.add({table_.file.string(), line.number, 0},
                      fmt::format("row {} has {} fields, the first line has {}",
                                  table_.line_of_row.size() + 1, line.fields.size(), width));
    } else {
      for (std::size_t c = 0; c < width; ++c) {
        numbers_.push_back(uses_[c] == ColumnUse::numbers ? number(c, line.fields[c]) : no_number);
        if (uses_[c] == ColumnUse::text) {
          add_text(c, line.fields[c]);
        }
      }
    }
    table_.line_of_row.push_back(line.number);
  }

  Table finish() {
    complaints_.throw_if_any();
    if (table_.line_of_row.empty()) {
      throw ConfigError({table_.file.string(), 0, 0}, "there is a header but no row of data");
    }
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    table_.values = Eigen::Map<const RowMajor>(numbers_.data(),
                                               static_cast<Eigen::Index>(table_.line_of_row.size()),
                                               static_cast<Eigen::Index>(uses_.size()));
    return std::move(table_);
  }

 private:
  static constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

  double number(std::size_t column, const std::string& field) {
    double value = no_number;
    const NumberText kind = read_number(field, value);
    if (kind != NumberText::number) {
      table_.odd[column].push_back(
          {static_cast<Eigen::Index>(table_.line_of_row.size()), kind, field});
    }
    return value;
  }
  void add_text(std::size_t column, const std::string& field) {
    Table::TextColumn& text = *table_.text[column];
    const auto [at, is_new] =
        texts_[column].try_emplace(field, static_cast<std::uint32_t>(text.distinct.size()));
    if (is_new) {
      text.distinct.push_back(field);
    }
    text.of_row.push_back(at->second);
  }

  Table table_;
  std::vector<ColumnUse> uses_;
  std::vector<std::unordered_map<std::string, std::uint32_t>> texts_;  // [columns] to `distinct`
  std::vector<double> numbers_;                                        // row by row
  Complaints complaints_;
};

}  // namespace

Table read_csv(const std::filesystem::path& file, std::optional<bool> header,
               const ColumnUses& uses) {
  CsvLines lines(file);
  CsvLine first, second;
  if (!lines.next(first)) {
    throw ConfigError({file.string(), 0, 0}, "the file is empty");
  }
  refuse_other_separators(first, file.string());
  const bool has_second = lines.next(second);
  if (!header && has_second) {
    refuse_unclear_header(first, second, file.string());
  }
  const bool has_header =
      header.value_or(looks_like_header(first.fields, has_second ? &second.fields : nullptr));
  if (has_header) {
    check_names(first.fields, {file.string(), first.number, 0});
  }
  TableBuilder table(file, first.fields.size(), has_header ? first.fields : Fields{}, uses);
  if (!has_header) {
    table.add(first);
  }
  if (has_second) {
    do {
      table.add(second);
    } while (lines.next(second));
  }
  return table.finish();
}

std::vector<double> read_csv_numbers(const std::filesystem::path& file) {
  CsvLines lines(file);
  CsvLine line;
  std::vector<double> numbers;
  Complaints complaints;
  bool is_first = true;
  while (lines.next(line)) {
    const bool skip = is_first && looks_like_header(line.fields, nullptr);
    is_first = false;
    if (skip) {
      continue;
    }
    for (std::size_t c = 0; c < line.fields.size(); ++c) {
      double value = 0;
      const NumberText kind = read_number(line.fields[c], value);
      if (kind != NumberText::number) {
        complaints.add(lines.place(),
                       fmt::format("field {}: '{}' {}", c + 1, line.fields[c], complaint_of(kind)));
      }
      numbers.push_back(value);
    }
  }
  complaints.throw_if_any();
  if (numbers.empty()) {
    throw ConfigError({file.string(), 0, 0}, "the file holds no number");
  }
  return numbers;
}

}  // namespace negphase
