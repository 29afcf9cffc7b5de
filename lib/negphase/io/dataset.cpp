#include "negphase/io/dataset.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "negphase/io/complaints.hpp"

namespace negphase {

namespace {

using Eigen::Index;

// Finds columns by name, number or range; what is wrong goes to the complaints.
class ColumnFinder {
 public:
  ColumnFinder(const Table& table, Complaints& complaints)
      : table_(table), complaints_(complaints) {}

  std::vector<Index> find(std::span<const ColumnChoice> choices) const {
    std::vector<Index> found;
    for (const ColumnChoice& choice : choices) {
      add(choice, found);
    }
    return found;
  }

 private:
  void add(const ColumnChoice& choice, std::vector<Index>& found) const {
    if (choice.text.empty()) {
      if (const auto column = by_number(choice.number, choice.place)) {
        found.push_back(*column);
      }
      return;
    }
    const auto dots = choice.text.find("..");
    if (by_exact_name(choice.text) || dots == std::string::npos) {
      if (const auto column = by_name(choice.text, choice.place)) {
        found.push_back(*column);
      }
      return;
    }
    const auto first = end_of_range(choice.text.substr(0, dots), choice.place);
    const auto last = end_of_range(choice.text.substr(dots + 2), choice.place);
    if (!first || !last) {
      return;
    }
    if (*last < *first) {
      complaints_.add(choice.place,
                      fmt::format("the range '{}' runs backwards: {} stands before {}", choice.text,
                                  table_.describe_column(*last), table_.describe_column(*first)));
    }
    for (Index c = *first; c <= *last; ++c) {
      found.push_back(c);
    }
  }
  std::optional<Index> end_of_range(const std::string& text, const FilePlace& place) const {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = code == std::errc{} && end == text.data() + text.size();
    return is_number ? by_number(number, place) : by_name(text, place);
  }
  std::optional<Index> by_number(std::int64_t number, const FilePlace& place) const {
    if (number < 1 || number > table_.columns()) {
      complaints_.add(place, fmt::format("there is no column {} in {} (legal: 1 to {})", number,
                                         table_.file.string(), table_.columns()));
      return {};
    }
    return number - 1;
  }
  std::optional<Index> by_exact_name(const std::string& name) const {
    const auto at = std::find(table_.names.begin(), table_.names.end(), name);
    return at == table_.names.end() ? std::nullopt
                                    : std::optional<Index>(at - table_.names.begin());
  }
  std::optional<Index> by_name(const std::string& name, const FilePlace& place) const {
    const auto found = by_exact_name(name);
    if (!found) {
      complaints_.add(place,
                      table_.names.empty()
                          ? fmt::format("{} has no header line: name columns by number, 1 to "
                                        "{}, not '{}'",
                                        table_.file.string(), table_.columns(), name)
                          : unknown_name("column", name, table_.names));
    }
    return found;
  }

  const Table& table_;
  Complaints& complaints_;
};

// One column's values, or a complaint about the first that is no finite number.
void pick(const Table& table, const std::vector<Index>& columns, Eigen::MatrixXd& values,
          std::vector<DataColumn>& described, Complaints& complaints) {
  values.resize(table.rows(), static_cast<Index>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Index c = columns[i];
    if (const auto& bad = table.bad[static_cast<std::size_t>(c)]) {
      complaints.add(table.place(bad->row), fmt::format("row {}, {}: {}", bad->row + 1,
                                                        table.describe_column(c), bad->text));
    }
    values.col(static_cast<Index>(i)) = table.values.col(c);
    DataColumn column;
    const auto n = static_cast<std::size_t>(c);
    column.name = n < table.names.size() ? table.names[n] : fmt::format("column {}", c + 1);
    column.source = c;
    described.push_back(std::move(column));
  }
}

void standardize(Eigen::MatrixXd& values, std::vector<DataColumn>& columns,
                 const std::vector<Index>& chosen, const Table& table, const FilePlace& place,
                 Complaints& complaints) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    DataColumn& column = columns[i];
    if (std::find(chosen.begin(), chosen.end(), column.source) == chosen.end() ||
        column.standardized) {
      continue;
    }
    auto v = values.col(static_cast<Index>(i));
    column.standardized = true;
    column.mean = v.mean();
    column.scale = std::sqrt((v.array() - column.mean).square().mean());
    if (v.maxCoeff() == v.minCoeff()) {
      complaints.add(place, fmt::format("{} is {} in every row and cannot be standardized",
                                        table.describe_column(column.source), v(0)));
      continue;
    }
    v = ((v.array() - column.mean) / column.scale).matrix();
  }
}

std::string legal_states(const Column& column) {
  switch (column.kind) {
    case ColumnKind::spin:
      return "-1 or +1";
    case ColumnKind::bit:
      return "0 or 1";
    case ColumnKind::count:
      return "0, 1, 2, ...";
    case ColumnKind::real:
      return "any number";
    default:
      return fmt::format("0 to {}", column.num_states - 1);
  }
}

bool is_state(const Column& column, double value) {
  switch (column.kind) {
    case ColumnKind::real:
      return true;
    case ColumnKind::spin:
      return value == -1 || value == 1;
    case ColumnKind::count:
      return value >= 0 && value == std::floor(value);
    default:
      return value >= 0 && value < static_cast<double>(column.num_states) &&
             value == std::floor(value);
  }
}

// What may have been meant by a column that holds `value`.
std::string state_hint(const Column& column, const Eigen::VectorXd& values) {
  const bool all_spins = ((values.array() == -1) || (values.array() == 1)).all();
  const bool all_bits = ((values.array() == 0) || (values.array() == 1)).all();
  if (column.kind == ColumnKind::bit && all_spins) {
    return "; bits coded -1/+1? threshold = 0 in [data] makes them 0/1";
  }
  if (column.kind == ColumnKind::spin && all_bits) {
    return "; spins coded 0/1? threshold = 0.5 in [data] makes them -1/+1";
  }
  if (column.kind == ColumnKind::bit || column.kind == ColumnKind::spin) {
    return fmt::format("; a threshold in [data] makes two states of it: threshold = {}",
                       (values.minCoeff() + values.maxCoeff()) / 2);
  }
  return "";
}

}  // namespace

Dataset make_dataset(const DataSpec& spec, const Table& table) {
  if (table.rows() == 0) {
    throw ConfigError({table.file.string(), 0, 0}, "there is no row of data");
  }
  Complaints complaints;
  const ColumnFinder finder(table, complaints);
  const std::vector<Index> x = finder.find(spec.x);
  const std::vector<Index> y = finder.find(spec.y);
  std::vector<Index> used = x;
  used.insert(used.end(), y.begin(), y.end());
  std::sort(used.begin(), used.end());
  for (std::size_t i = 1; i < used.size(); ++i) {
    if (used[i] == used[i - 1]) {
      complaints.add(spec.place, fmt::format("[data]: {} is used twice in x and y",
                                             table.describe_column(used[i])));
    }
  }
  std::vector<Index> chosen = spec.standardize_all ? used : finder.find(spec.standardize);
  for (const Index c : chosen) {
    const bool is_y = std::find(y.begin(), y.end(), c) != y.end();
    if (!std::binary_search(used.begin(), used.end(), c)) {
      complaints.add(spec.standardize_place,
                     fmt::format("[data]: standardize names {}, which is neither in x nor in y",
                                 table.describe_column(c)));
    } else if (is_y && spec.threshold) {
      complaints.add(spec.standardize_place,
                     fmt::format("[data]: {} cannot be standardized and cut at a threshold as well",
                                 table.describe_column(c)));
    }
  }
  Dataset data;
  pick(table, x, data.x, data.x_columns, complaints);
  pick(table, y, data.y, data.y_columns, complaints);
  if (complaints.empty()) {
    standardize(data.x, data.x_columns, chosen, table, spec.standardize_place, complaints);
    standardize(data.y, data.y_columns, chosen, table, spec.standardize_place, complaints);
  }
  complaints.throw_if_any();
  return data;
}

void encode_y(Dataset& data, const DataSpec& spec, const Table& table,
              std::span<const Column> columns) {
  if (data.y.cols() != static_cast<Index>(columns.size())) {
    throw ConfigError(spec.place, fmt::format("[data]: y has {} columns, the model wants {}",
                                              data.y.cols(), columns.size()));
  }
  Complaints complaints;
  for (Index i = 0; i < data.y.cols(); ++i) {
    const Column& column = columns[static_cast<std::size_t>(i)];
    const DataColumn& described = data.y_columns[static_cast<std::size_t>(i)];
    auto y = data.y.col(i);
    if (spec.threshold) {
      if (column.num_states != 2) {
        throw ConfigError(spec.threshold_place,
                          "[data]: a threshold makes two states, but y of this model has others: "
                          "leave it out");
      }
      for (Index r = 0; r < y.size(); ++r) {
        y(r) = state_code(column, y(r) >= *spec.threshold ? 1 : 0);
      }
      continue;
    }
    for (Index r = 0; r < y.size(); ++r) {
      if (!is_state(column, y(r))) {
        complaints.add(
            table.place(r),
            fmt::format("row {}, {}: {} is no state of the model's y (legal: {}{}){}", r + 1,
                        table.describe_column(described.source), y(r), legal_states(column),
                        described.standardized ? "; the column was standardized" : "",
                        state_hint(column, y)));
        break;
      }
    }
  }
  complaints.throw_if_any();
}

}  // namespace negphase
