#include "negphase/io/csv.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "negphase/io/complaints.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/number_text.hpp"

namespace negphase {

namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20;

using Fields = std::vector<std::string>;

struct Line {
  int number = 0;
  Fields fields;
};

// One line into its fields; RFC 4180 quotes.
Fields split(std::string_view line, const FilePlace& place) {
  Fields fields;
  std::size_t at = 0;
  while (true) {
    std::string field;
    const auto first = line.find_first_not_of(" \t", at);
    if (first != line.npos && line[first] == '"') {
      at = first + 1;
      while (true) {
        const auto quote = line.find('"', at);
        if (quote == line.npos) {
          throw ConfigError(place,
                            fmt::format("field {} opens a quote that is not closed on its line",
                                        fields.size() + 1));
        }
        field.append(line.substr(at, quote - at));
        at = quote + 1;
        if (at < line.size() && line[at] == '"') {
          field.push_back('"');
          ++at;
          continue;
        }
        break;
      }
      const auto next = line.find_first_not_of(" \t", at);
      if (next != line.npos && line[next] != ',') {
        throw ConfigError(
            place, fmt::format("field {} goes on after its closing quote", fields.size() + 1));
      }
      at = next == line.npos ? line.size() : next;
    } else {
      const auto comma = std::min(line.find(',', at), line.size());
      field = trimmed(line.substr(at, comma - at));
      at = comma;
    }
    fields.push_back(std::move(field));
    if (at >= line.size()) {
      return fields;
    }
    ++at;  // the comma
    if (at == line.size()) {
      fields.emplace_back();
      return fields;
    }
  }
}

// The lines that are not blank, one after the other.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& file) : file_(file), bytes_(read_file(file)) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (bytes_.starts_with(byte_order_mark)) {
      at_ = byte_order_mark.size();
    }
  }
  bool next(Line& line) {
    while (at_ < bytes_.size()) {
      ++number_;
      const auto end = std::min(bytes_.find('\n', at_), bytes_.size());
      std::string_view text(bytes_.data() + at_, end - at_);
      at_ = end + 1;
      if (text.ends_with('\r')) {
        text.remove_suffix(1);
      }
      if (text.size() > longest_line) {
        throw ConfigError(place(), fmt::format("the line has {} bytes; at most {} (1 MiB) are read",
                                               text.size(), longest_line));
      }
      if (const auto nul = text.find('\0'); nul != text.npos) {
        throw ConfigError(place(), fmt::format("byte {} is NUL: this is no text file", nul + 1));
      }
      if (!trimmed(text).empty()) {
        line = {number_, split(text, place())};
        return true;
      }
    }
    return false;
  }
  FilePlace place() const { return {file_.string(), number_, 0}; }

 private:
  std::filesystem::path file_;
  std::string bytes_;
  std::size_t at_ = 0;
  int number_ = 0;
};

bool reads_as(const std::string& field, NumberText kind) {
  double ignored = 0;
  return read_number(field, ignored) == kind;
}

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

}  // namespace

Table read_csv(const std::filesystem::path& file, std::optional<bool> header) {
  Lines lines(file);
  Line first, second;
  if (!lines.next(first)) {
    throw ConfigError({file.string(), 0, 0}, "the file is empty");
  }
  const FilePlace first_place = lines.place();
  const bool has_second = lines.next(second);

  Table table;
  table.file = file;
  const std::size_t width = first.fields.size();
  table.bad.resize(width);
  std::vector<double> numbers;  // row by row
  Complaints complaints;

  const auto add_row = [&](const Line& line) {
    if (line.fields.size() != width) {
      complaints.add({file.string(), line.number, 0},
                     fmt::format("row {} has {} fields, the first line has {}",
                                 table.line_of_row.size() + 1, line.fields.size(), width));
    }
    for (std::size_t c = 0; c < width; ++c) {
      double value = std::numeric_limits<double>::quiet_NaN();
      if (c < line.fields.size()) {
        const NumberText kind = read_number(line.fields[c], value);
        if (kind != NumberText::number && !table.bad[c]) {
          table.bad[c] = {static_cast<Eigen::Index>(table.line_of_row.size()),
                          fmt::format("'{}' {}", line.fields[c], complaint_of(kind))};
        }
      }
      numbers.push_back(value);
    }
    table.line_of_row.push_back(line.number);
  };

  if (header.value_or(looks_like_header(first.fields, has_second ? &second.fields : nullptr))) {
    check_names(first.fields, first_place);
    table.names = std::move(first.fields);
  } else {
    add_row(first);
  }
  if (has_second) {
    do {
      add_row(second);
    } while (lines.next(second));
  }
  complaints.throw_if_any();
  if (table.line_of_row.empty()) {
    throw ConfigError({file.string(), 0, 0}, "there is a header but no row of data");
  }
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  table.values = Eigen::Map<const RowMajor>(numbers.data(),
                                            static_cast<Eigen::Index>(table.line_of_row.size()),
                                            static_cast<Eigen::Index>(width));
  return table;
}

std::vector<double> read_csv_numbers(const std::filesystem::path& file) {
  Lines lines(file);
  Line line;
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
