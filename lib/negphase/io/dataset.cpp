#include "negphase/io/dataset.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "negphase/io/columns.hpp"
#include "negphase/io/complaints.hpp"
#include "negphase/io/labels.hpp"
#include "negphase/io/missing.hpp"

namespace negphase {

namespace {

using Eigen::Index;

using Rows = std::vector<Index>;

using LabelColumns = std::map<Index, LabelColumn>;

LabelColumns code_all_labels(const Table& table, const ChosenColumns& columns, const RowSplit& rows,
                             Complaints& complaints) {
  Rows all = rows.train;
  all.insert(all.end(), rows.test.begin(), rows.test.end());
  std::sort(all.begin(), all.end());
  LabelColumns labels;
  for (const auto& [column, choice] : columns.labels) {
    labels.emplace(column, code_labels(table, column, *choice, all, complaints));
  }
  return labels;
}

// One label alone does not say which state it is: "1" would become the first one.
void refuse_lone_labels(const Table& table, const ChosenColumns& columns,
                        const LabelColumns& labels, Complaints& complaints) {
  for (const Index c : columns.y) {
    const LabelChoice* choice = columns.labels_of(c);
    if (choice != nullptr && choice->order.empty() && labels.at(c).labels.size() == 1) {
      complaints.add(
          choice->columns.place,
          fmt::format("[data]: {} has one label in all rows that are used, '{}': say "
                      "which there are, labels = {{ {} = [...] }}",
                      table.describe_column(c), labels.at(c).labels[0], table.key_of(c)));
    }
  }
}

// x: numbers, and an indicator for each label.
std::vector<DataColumn> describe_x(const Table& table, const std::vector<Index>& columns,
                                   const LabelColumns& labels) {
  std::vector<DataColumn> described;
  for (const Index c : columns) {
    const auto coded = labels.find(c);
    if (coded == labels.end()) {
      described.push_back({.name = table.name_of(c), .source = c});
      continue;
    }
    for (const std::string& label : coded->second.labels) {
      described.push_back({.name = table.name_of(c) + "=" + label, .source = c});
    }
  }
  return described;
}

std::vector<DataColumn> describe_y(const Table& table, const std::vector<Index>& columns,
                                   const LabelColumns& labels) {
  std::vector<DataColumn> described;
  for (const Index c : columns) {
    const auto coded = labels.find(c);
    described.push_back({.name = table.name_of(c), .source = c});
    if (coded != labels.end()) {
      described.back().labels = coded->second.labels;
    }
  }
  return described;
}

Eigen::MatrixXd values_of_x(const Table& table, const std::vector<Index>& columns,
                            const LabelColumns& labels, const Rows& rows, Index width) {
  Eigen::MatrixXd values = Eigen::MatrixXd::Zero(static_cast<Index>(rows.size()), width);
  Index at = 0;
  for (const Index c : columns) {
    const auto coded = labels.find(c);
    if (coded == labels.end()) {
      values.col(at++) = table.values(rows, c);
      continue;
    }
    for (Index r = 0; r < values.rows(); ++r) {
      values(r, at + coded->second.code(rows[static_cast<std::size_t>(r)])) = 1;
    }
    at += static_cast<Index>(coded->second.labels.size());
  }
  return values;
}

Eigen::MatrixXd values_of_y(const Table& table, const std::vector<Index>& columns,
                            const LabelColumns& labels, const Rows& rows) {
  Eigen::MatrixXd values(static_cast<Index>(rows.size()), static_cast<Index>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto column = values.col(static_cast<Index>(i));
    const auto coded = labels.find(columns[i]);
    if (coded == labels.end()) {
      column = table.values(rows, columns[i]);
      continue;
    }
    for (Index r = 0; r < values.rows(); ++r) {
      column(r) = static_cast<double>(coded->second.code(rows[static_cast<std::size_t>(r)]));
    }
  }
  return values;
}

// Mean and scale are those of the training rows, for the test rows as well.
void standardize(Eigen::MatrixXd& train, Eigen::MatrixXd& test, std::vector<DataColumn>& columns,
                 const std::vector<Index>& chosen, const Table& table, const FilePlace& place,
                 Complaints& complaints) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    DataColumn& column = columns[i];
    if (std::find(chosen.begin(), chosen.end(), column.source) == chosen.end()) {
      continue;
    }
    auto v = train.col(static_cast<Index>(i));
    auto held_out = test.col(static_cast<Index>(i));
    column.standardized = true;
    column.mean = v.mean();
    column.scale = std::sqrt((v.array() - column.mean).square().mean());
    if (v.maxCoeff() == v.minCoeff()) {
      complaints.add(place, fmt::format("{} is {} in every row{} and cannot be standardized",
                                        table.describe_column(column.source), v(0),
                                        test.rows() > 0 ? " to train on" : ""));
      continue;
    }
    v = ((v.array() - column.mean) / column.scale).matrix();
    held_out = ((held_out.array() - column.mean) / column.scale).matrix();
  }
}

void check_image(const DataSpec& spec, std::size_t num_y, Complaints& complaints) {
  if (spec.image && spec.image->rows * spec.image->columns != static_cast<std::int64_t>(num_y)) {
    complaints.add(
        spec.image_place,
        fmt::format("[data]: image = [{}, {}] is a picture of {} pixels, but y has {} "
                    "column{}",
                    spec.image->rows, spec.image->columns, spec.image->rows * spec.image->columns,
                    num_y, num_y == 1 ? "" : "s"));
  }
}

// Labels need text, which a .npy has not.
void check_texts(const DataSpec& spec, const Table& table, const ChosenColumns& columns,
                 Complaints& complaints) {
  const auto has_text = [&](const auto& chosen) {
    return table.text[static_cast<std::size_t>(chosen.first)].has_value();
  };
  if (std::all_of(columns.labels.begin(), columns.labels.end(), has_text)) {
    return;
  }
  if (table.file.extension() == ".npy") {
    complaints.add(spec.labels_place,
                   fmt::format("[data]: labels are read from .csv files; {} holds numbers: its "
                               "columns are states as they are",
                               table.file.string()));
  } else if (complaints.empty()) {
    throw UsageError("make_dataset: columns of labels were not read as text; use read_data()");
  }
}

}  // namespace

std::vector<Index> Dataset::y_states() const {
  std::vector<Index> states;
  for (const DataColumn& column : y_columns) {
    states.push_back(static_cast<Index>(column.labels.size()));
  }
  return states;
}

Table read_data(const DataSpec& spec) {
  return read_table(spec.file, spec.header, [&](const Table& head) {
    Complaints said_later;
    const ChosenColumns columns = choose_columns(spec, head, said_later);
    std::vector<ColumnUse> uses(static_cast<std::size_t>(head.columns()), ColumnUse::none);
    for (const Index c : columns.used) {
      uses[static_cast<std::size_t>(c)] =
          columns.labels.contains(c) ? ColumnUse::text : ColumnUse::numbers;
    }
    return uses;
  });
}

Dataset make_dataset(const DataSpec& spec, const Table& table) {
  if (table.rows() == 0) {
    throw ConfigError({table.file.string(), 0, 0}, "there is no row of data");
  }
  Complaints complaints;
  const ChosenColumns columns = choose_columns(spec, table, complaints);
  Dataset data;
  complaints.collect({}, [&] { data.sources = split_rows(spec, table); });
  check_texts(spec, table, columns, complaints);
  complaints.throw_if_any();
  check_image(spec, columns.y.size(), complaints);
  RowSplit& rows = data.sources;
  data.num_dropped = leave_out_missing(spec, table, columns, rows, complaints);
  const LabelColumns labels = code_all_labels(table, columns, rows, complaints);
  refuse_lone_labels(table, columns, labels, complaints);
  complaints.throw_if_any();

  data.x_columns = describe_x(table, columns.x, labels);
  data.y_columns = describe_y(table, columns.y, labels);
  const auto num_x = static_cast<Index>(data.x_columns.size());
  data.x = values_of_x(table, columns.x, labels, rows.train, num_x);
  data.x_test = values_of_x(table, columns.x, labels, rows.test, num_x);
  data.y = values_of_y(table, columns.y, labels, rows.train);
  data.y_test = values_of_y(table, columns.y, labels, rows.test);
  standardize(data.x, data.x_test, data.x_columns, columns.standardized, table,
              spec.standardize_place, complaints);
  standardize(data.y, data.y_test, data.y_columns, columns.standardized, table,
              spec.standardize_place, complaints);
  complaints.throw_if_any();
  return data;
}

}  // namespace negphase
