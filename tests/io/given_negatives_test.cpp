#include "negphase/io/given_negatives.hpp"

#include <doctest/doctest.h>

#include "negphase/io/state_codes.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: answers scaled by their own mean, labels coded in another order, rows
// of another split, a row without an answer passed over.

using namespace negphase;
using namespace negphase::test;

namespace {

const FilePlace place{"m.toml", 9, 1};

DataSpec spec(const std::filesystem::path& file, const std::string& y) {
  DataSpec s;
  s.file = file;
  s.y = {{y, 0, place}};
  return s;
}

struct Read {
  Dataset data;
  Eigen::MatrixXd negatives;
};

Read read(const DataSpec& s, const std::vector<Column>& columns, const std::string& names) {
  const Table table = read_data(s);
  Read read{make_dataset(s, table), {}};
  encode_y(read.data, s, table, columns);
  read.negatives = read_given_negatives(s, read.data, columns, names, place);
  return read;
}

std::string refusal(const DataSpec& s, const std::vector<Column>& columns,
                    const std::string& names) {
  return message_of<ConfigError>([&] { read(s, columns, names); });
}

}  // namespace

TEST_CASE("given negatives: scaled as y is, on the rows that y has") {
  const TemporaryFolder folder;
  const auto file = folder.write("t.csv", "x,y,n\n1,2,10\n2,4,NA\n3,NA,5\n4,6,20\n5,8,30\n");
  DataSpec s = spec(file, "y");
  s.x = {{"x", 0, place}};
  s.standardize_all = true;
  s.drop_missing = true;
  s.test = {{2, 2, place}};  // the row without an answer is held out
  const Read r = read(s, {real_column()}, "n");
  REQUIRE(r.negatives.rows() == 3);  // rows 1, 4, 5; y = 2, 6, 8
  const double mean = 16.0 / 3, scale = r.data.y_columns[0].scale;
  CHECK(r.negatives(0, 0) == doctest::Approx((10 - mean) / scale).epsilon(1e-15));
  CHECK(r.negatives(2, 0) == doctest::Approx((30 - mean) / scale).epsilon(1e-15));
  s.test.clear();
  CHECK(
      contains(refusal(s, {real_column()}, "n"), "t.csv:3: row 2: the negative answer is missing"));
}

TEST_CASE("given negatives: labels have the codes of y, numbers its states") {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "t.csv", "a,b,na,nb\nred,0,green,1\ngreen,1,blue,0\nblue,1,red,0\nred,0,blue,1\n");
  DataSpec s = spec(file, "a");
  s.y.push_back({"b", 0, place});
  s.labels = {{{"a", 0, place}, {"red", "green", "blue"}}};
  const std::vector<Column> columns{{ColumnKind::category, 3}, bit_column()};
  Eigen::MatrixXd wanted(4, 2);
  wanted << 1, 1, 2, 0, 0, 0, 2, 1;
  CHECK(read(s, columns, "na,nb").negatives == wanted);
  CHECK(read(s, columns, " na , 4").negatives == wanted);
  CHECK(read(s, columns, "na..nb").negatives == wanted);
  CHECK(contains(refusal(s, columns, "na"), "names 1 columns, y has 2"));
  CHECK(contains(refusal(s, columns, "na,b"), "'b'), which is in x or y"));
  CHECK(contains(refusal(s, columns, "na,nc"), "did you mean 'na'?"));
  CHECK(contains(refusal(s, columns, "na,"), "a name is empty"));
  folder.write("t.csv", "a,b,na,nb\nred,0,pink,1\ngreen,1,blue,0\nblue,1,red,2\n");
  CHECK(contains(refusal(s, columns, "na,nb"), "unknown label 'pink'"));
  folder.write("t.csv", "a,b,na,nb\nred,0,green,1\ngreen,1,blue,0\nblue,1,red,2\n");
  CHECK(contains(refusal(s, columns, "na,nb"), "2 is no state"));
}
