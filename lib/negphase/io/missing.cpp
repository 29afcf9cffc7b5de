#include "negphase/io/missing.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "negphase/io/labels.hpp"
#include "negphase/io/number_text.hpp"

namespace negphase {

namespace {

using Eigen::Index;
using Marks = std::vector<bool>;  // [rows of the table]

struct Missing {
  Index row = 0;
  std::string text;
};

Marks marked(const RowSplit& rows, const Table& table) {
  Marks marks(static_cast<std::size_t>(table.rows()), false);
  for (const auto* part : {&rows.train, &rows.test}) {
    for (const Index r : *part) {
      marks[static_cast<std::size_t>(r)] = true;
    }
  }
  return marks;
}

std::vector<Missing> missing_labels(const Table::TextColumn& text,
                                    const std::vector<std::string>& order, const Marks& is_in) {
  Marks is_missing;  // [distinct texts]
  for (const std::string& one : text.distinct) {
    is_missing.push_back(is_missing_label(one, order));
  }
  std::vector<Missing> missing;
  for (std::size_t r = 0; r < text.of_row.size(); ++r) {
    if (is_in[r] && is_missing[text.of_row[r]]) {
      missing.push_back({static_cast<Index>(r), text.distinct[text.of_row[r]]});
    }
  }
  return missing;
}

// What may have been meant by a field that is no number.
std::string number_hint(const Table::OddField& field, const std::string& key) {
  if (field.kind != NumberText::not_a_number) {
    return "";
  }
  std::string with_point = field.text;
  std::replace(with_point.begin(), with_point.end(), ',', '.');
  double ignored = 0;
  if (with_point != field.text && read_number(with_point, ignored) == NumberText::number) {
    return fmt::format("; a decimal comma? wanted is {}", with_point);
  }
  return fmt::format("; labels = [{}] in [data] makes labels of such text", key);
}

std::vector<Missing> missing_numbers(const Table& table, Index column, const Marks& is_in,
                                     Complaints& complaints) {
  std::vector<Missing> missing;
  bool complained = false;
  for (const Table::OddField& field : table.odd[static_cast<std::size_t>(column)]) {
    if (!is_in[static_cast<std::size_t>(field.row)]) {
      continue;
    }
    if (field.kind == NumberText::missing) {
      missing.push_back({field.row, field.text});
    } else if (!complained) {
      complaints.add(
          table.place(field.row),
          fmt::format("{}: '{}' {}{}", table.describe_field(field.row, column), field.text,
                      complaint_of(field.kind), number_hint(field, table.key_of(column))));
      complained = true;
    }
  }
  return missing;
}

}  // namespace

Eigen::Index leave_out_missing(const DataSpec& spec, const Table& table,
                               const ChosenColumns& columns, RowSplit& rows,
                               Complaints& complaints) {
  const Marks is_in = marked(rows, table);
  Marks drop(is_in.size(), false);
  for (const Index c : columns.used) {
    const LabelChoice* labels = columns.labels_of(c);
    const std::vector<Missing> missing =
        labels != nullptr
            ? missing_labels(*table.text[static_cast<std::size_t>(c)], labels->order, is_in)
            : missing_numbers(table, c, is_in, complaints);
    if (!missing.empty() && !spec.drop_missing) {
      complaints.add(
          table.place(missing[0].row),
          fmt::format("{}: '{}' is a missing value ({} in this column); missing = "
                      "\"drop\" in [data] leaves such rows out",
                      table.describe_field(missing[0].row, c), missing[0].text, missing.size()));
      continue;
    }
    for (const Missing& one : missing) {
      drop[static_cast<std::size_t>(one.row)] = true;
    }
  }
  for (auto* part : {&rows.train, &rows.test}) {
    std::erase_if(*part, [&](Index r) { return drop[static_cast<std::size_t>(r)]; });
  }
  if (rows.train.empty() || (rows.test.empty() && spec.has_test())) {
    complaints.add(spec.place, fmt::format("[data]: every {} row has a missing value",
                                           rows.train.empty() ? "training" : "test"));
  }
  return std::count(drop.begin(), drop.end(), true);
}

}  // namespace negphase
