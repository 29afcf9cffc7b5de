#include "negphase/io/empty_states.hpp"

#include <doctest/doctest.h>

#include "planted/MD17.hpp"

using namespace negphase;

namespace {

/// One column with labels, one without, three states each; y_test has them all.
Dataset data_of(const Eigen::MatrixXd& y) {
  Dataset data;
  data.y = y;
  data.y_test = Eigen::MatrixXd{{0, 0}, {1, 1}, {2, 2}};
  data.y_columns = {{.name = "kind", .labels = {"a", "b", "c"}}, {.name = "code"}};
  return data;
}

DataSpec spec_of() {
  DataSpec spec;
  spec.place = {"m.toml", 3, 1};
  spec.labels_place = {"m.toml", 7, 1};
  return spec;
}

const std::vector<Column> categories(2, Column{ColumnKind::category, 3});

}  // namespace

TEST_CASE("a category without a row to train on is refused, by label or by state") {
  CHECK_NOTHROW(refuse_empty_states(data_of(Eigen::MatrixXd{{0, 2}, {2, 0}, {1, 1}, {1, 1}}),
                                    spec_of(), categories));
  CHECK_THROWS_WITH_AS(
      refuse_empty_states(data_of(Eigen::MatrixXd{{0, 2}, {2, 0}, {0, 1}}), spec_of(), categories),
      doctest::Contains("m.toml:7:1: [data]: column 'kind': no row to train on has label 'b'"),
      ConfigError);
  const Dataset last = data_of(Eigen::MatrixXd{{0, 1}, {2, 0}, {1, 0}});
  CHECK_THROWS_WITH_AS(
      refuse_empty_states(last, spec_of(), categories),
      doctest::Contains("m.toml:3:1: [data]: column 'code': no row to train on has state 2 of 3"),
      ConfigError);
  CHECK_NOTHROW(planted::MD17::refuse_empty_states(last, spec_of(), categories));
}

TEST_CASE("bits and spins may always be the same") {
  const Dataset dark = data_of(Eigen::MatrixXd{{0, -1}, {0, -1}});
  CHECK_NOTHROW(
      refuse_empty_states(dark, spec_of(), std::vector<Column>{bit_column(), spin_column()}));
}
