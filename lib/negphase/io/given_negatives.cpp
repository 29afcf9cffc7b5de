#include "negphase/io/given_negatives.hpp"

#include <fmt/core.h>

#include <vector>

#include "negphase/io/columns.hpp"
#include "negphase/io/number_text.hpp"
#include "negphase/io/state_codes.hpp"

namespace negphase {

namespace {

std::vector<ColumnChoice> choices_of(const std::string& names, const FilePlace& place) {
  std::vector<ColumnChoice> choices;
  for (std::string_view rest = names;;) {
    const auto comma = rest.find(',');
    choices.push_back({std::string(trimmed(rest.substr(0, comma))), 0, place});
    if (choices.back().text.empty()) {
      throw ConfigError(place, "negative_columns = \"" + names + "\": a name is empty");
    }
    if (comma == std::string_view::npos) {
      return choices;
    }
    rest.remove_prefix(comma + 1);
  }
}

std::vector<Eigen::Index> columns_of(const DataSpec& spec, const Table& table) {
  Complaints complaints;
  const auto found = ColumnFinder(table, complaints).find(spec.y);
  complaints.throw_if_any();
  return found;
}

// [data] with the negative answers in the place of y, on the rows to train on alone, and nothing
// standardized by itself.
DataSpec spec_of(const DataSpec& spec, const Dataset& data, std::vector<ColumnChoice> columns,
                 const FilePlace& place) {
  DataSpec own = spec;
  own.x.clear();
  own.y = std::move(columns);
  own.place = own.labels_place = place;
  own.standardize_all = false;
  own.standardize.clear();
  own.image.reset();
  own.labels.clear();
  own.test.clear();
  own.test_share.reset();
  own.rows.clear();
  for (const Eigen::Index row : data.sources.train) {
    own.rows.push_back({row + 1, row + 1, place});
  }
  const Table head = read_data(own);
  const std::vector<Eigen::Index> found = columns_of(own, head);
  if (found.size() != data.y_columns.size()) {
    throw ConfigError(place, fmt::format("negative_columns names {} columns, y has {}",
                                         found.size(), data.y_columns.size()));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!data.y_columns[i].labels.empty()) {
      own.labels.push_back({{"", found[i] + 1, place}, data.y_columns[i].labels});
    }
  }
  return own;
}

void check_apart(const Dataset& answers, const Dataset& data, const Table& table,
                 const FilePlace& place) {
  for (const DataColumn& answer : answers.y_columns) {
    for (const auto* columns : {&data.x_columns, &data.y_columns}) {
      for (const DataColumn& used : *columns) {
        if (used.source == answer.source) {
          throw ConfigError(place, fmt::format("negative_columns names {}, which is in x or y",
                                               table.describe_column(answer.source)));
        }
      }
    }
  }
}

// missing = "drop" leaves out rows, but here x and y are there.
void refuse_rows_without(const Dataset& answers, const Dataset& data, const Table& table) {
  const std::vector<Eigen::Index>& found = answers.sources.train;
  for (std::size_t i = 0; i < data.sources.train.size(); ++i) {
    const Eigen::Index row = data.sources.train[i];
    if (i == found.size() || found[i] != row) {
      throw ConfigError(table.place(row),
                        fmt::format("row {}: the negative answer is missing, but x and y are not: "
                                    "fill it in, or leave the row out by [data] rows",
                                    row + 1));
    }
  }
}

}  // namespace

Eigen::MatrixXd read_given_negatives(const DataSpec& spec, const Dataset& data,
                                     std::span<const Column> columns, const std::string& names,
                                     const FilePlace& place) {
  const DataSpec own = spec_of(spec, data, choices_of(names, place), place);
  const Table table = read_data(own);
  Dataset answers = make_dataset(own, table);
  check_apart(answers, data, table, place);
  for (std::size_t i = 0; i < data.y_columns.size(); ++i) {
    const DataColumn& y = data.y_columns[i];
    auto column = answers.y.col(static_cast<Eigen::Index>(i));
    column = ((column.array() - y.mean) / y.scale).matrix();
    answers.y_columns[i].standardized = y.standardized;
  }
  encode_y(answers, own, table, columns);
  refuse_rows_without(answers, data, table);
  return answers.y;
}

}  // namespace negphase
