#include "negphase/io/dataset.hpp"

#include <doctest/doctest.h>

#include "negphase/io/csv.hpp"
#include "negphase/io/params_file.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: columns counted from 0, a standard deviation with another divisor, a
// threshold that is strict, illegal states let through, only the first complaint said.

using namespace negphase;
using namespace negphase::test;

namespace {

ColumnChoice name(const std::string& text) { return {text, 0, {"m.toml", 4, 5}}; }
ColumnChoice number(std::int64_t n) { return {"", n, {"m.toml", 4, 5}}; }

DataSpec spec(std::vector<ColumnChoice> x, std::vector<ColumnChoice> y) {
  DataSpec s;
  s.place = {"m.toml", 2, 1};
  s.standardize_place = {"m.toml", 6, 15};
  s.threshold_place = {"m.toml", 7, 13};
  s.x = std::move(x);
  s.y = std::move(y);
  return s;
}

std::string refusal(const DataSpec& s, const Table& t) {
  return message_of<ConfigError>([&] { make_dataset(s, t); });
}

}  // namespace

TEST_CASE("dataset: columns by name, number and range") {
  const TemporaryFolder folder;
  const Table t = read_csv(folder.write("t.csv", "a,b,c,d\n1,2,3,4\n5,6,7,8\n"));
  const Dataset d = make_dataset(spec({name("c")}, {number(1), name("d")}), t);
  CHECK(d.x(1, 0) == 7);
  CHECK(d.y(1, 0) == 5);
  CHECK(d.y(1, 1) == 8);
  CHECK(d.y_columns[0].name == "a");
  CHECK(make_dataset(spec({}, {name("b..d")}), t).y.row(0) == Eigen::RowVector3d(2, 3, 4));
  CHECK(make_dataset(spec({}, {name("1..3")}), t).y.row(0) == Eigen::RowVector3d(1, 2, 3));
  CHECK(make_dataset(spec({}, {name("b..d")}), t).x.cols() == 0);
  CHECK(make_dataset(spec({}, {name("b..d")}), t).x.rows() == 2);
}

TEST_CASE("dataset: refusals, all at once") {
  const TemporaryFolder folder;
  const Table t =
      read_csv(folder.write("t.csv", "speed,drag,kind,gap\n1,2,x,1\n5,6,y,nan\n5,7,y,2\n"));
  CHECK(contains(refusal(spec({name("sped")}, {name("drag")}), t),
                 "m.toml:4:5: unknown column 'sped'; did you mean 'speed'?"));
  const std::string both = refusal(spec({name("sped")}, {number(9)}), t);
  CHECK(contains(both, "unknown column 'sped'"));
  CHECK(contains(both, "no column 9"));
  CHECK(contains(both, "1 to 4"));
  CHECK(contains(refusal(spec({number(0)}, {number(1)}), t), "no column 0"));
  CHECK(contains(refusal(spec({number(1)}, {name("speed")}), t), "used twice"));
  CHECK(contains(refusal(spec({}, {name("drag..speed")}), t), "backwards"));
  const std::string bad = refusal(spec({name("kind")}, {name("gap")}), t);
  CHECK(contains(bad, "t.csv:2: row 1, column 3 ('kind'): 'x' is not a number"));
  CHECK(contains(bad, "t.csv:3: row 2, column 4 ('gap'): 'nan' is not a finite number"));
  // a column that nobody uses may hold anything
  CHECK(refusal(spec({name("speed")}, {name("drag")}), t).empty());
  const Table headless = read_csv(folder.write("n.csv", "1,2\n3,4\n"));
  CHECK(contains(refusal(spec({}, {name("speed")}), headless), "no header line"));
}

TEST_CASE("dataset: standardize") {
  const TemporaryFolder folder;
  const Table t = read_csv(folder.write("t.csv", "a,b,c\n1,10,5\n3,20,5\n"));
  DataSpec s = spec({name("a")}, {name("b")});
  s.standardize = {name("b")};
  const Dataset d = make_dataset(s, t);
  CHECK(d.x(0, 0) == 1);
  CHECK(d.y(0, 0) == -1);  // (10 - 15) / 5: divisor n
  CHECK(d.y(1, 0) == 1);
  CHECK(d.y_columns[0].mean == 15);
  CHECK(d.y_columns[0].scale == 5);
  CHECK_FALSE(d.x_columns[0].standardized);

  s.standardize = {};
  s.standardize_all = true;
  CHECK(make_dataset(s, t).x(0, 0) == -1);

  s = spec({name("a")}, {name("c")});
  s.standardize = {name("c")};
  CHECK(contains(refusal(s, t), "m.toml:6:15: column 3 ('c') is 5 in every row"));
  s.standardize = {name("b")};
  CHECK(contains(refusal(s, t), "neither in x nor in y"));
  s.standardize = {name("c")};
  s.threshold = 2;
  CHECK(contains(refusal(s, t), "cut at a threshold as well"));
}

TEST_CASE("dataset: y becomes the model's states") {
  const TemporaryFolder folder;
  const Table t = read_csv(folder.write("t.csv", "a,b\n0,8\n1,7\n1,9\n"));
  const std::vector<Column> bits{bit_column(), bit_column()};
  DataSpec s = spec({}, {name("a"), name("b")});
  const auto encoded = [&](const std::vector<Column>& columns) {
    Dataset d = make_dataset(s, t);
    encode_y(d, s, t, columns);
    return d.y;
  };
  const std::string wrong = message_of<ConfigError>([&] { encoded(bits); });
  CHECK(contains(wrong, "t.csv:2: row 1, column 2 ('b'): 8 is no state"));
  CHECK(contains(wrong, "0 or 1"));
  CHECK(contains(wrong, "threshold = 8"));

  s.threshold = 8;
  CHECK(encoded(bits).col(1) == Eigen::Vector3d(1, 0, 1));  // >=, not >
  CHECK(encoded({spin_column(), spin_column()}).col(1) == Eigen::Vector3d(1, -1, 1));
  CHECK(contains(message_of<ConfigError>([&] {
                   encoded({real_column(), real_column()});
                 }),
                 "m.toml:7:13: [data]: a threshold makes two states"));
  s.threshold.reset();
  CHECK(encoded({real_column(), real_column()}).col(1) == Eigen::Vector3d(8, 7, 9));
  CHECK(contains(message_of<ConfigError>([&] { encoded({real_column()}); }), "y has 2 columns"));
}

TEST_CASE("dataset: another coding of bits and spins is recognised") {
  const TemporaryFolder folder;
  const Table t = read_csv(folder.write("t.csv", "a,b\n-1,0\n1,1\n"));
  const auto wrong = [&](const std::string& column, const Column& kind) {
    const DataSpec s = spec({}, {name(column)});
    Dataset d = make_dataset(s, t);
    return message_of<ConfigError>([&] { encode_y(d, s, t, std::vector<Column>{kind}); });
  };
  CHECK(contains(wrong("a", bit_column()), "bits coded -1/+1?"));
  CHECK(contains(wrong("b", spin_column()), "spins coded 0/1?"));
  CHECK(wrong("a", spin_column()).empty());
  CHECK(wrong("b", bit_column()).empty());
}

TEST_CASE("params: inline, csv and npy in one order") {
  const TemporaryFolder folder;
  ParamsSource p;
  p.values = {1, 2, 3, 4};
  const Eigen::Vector4d expected(1, 2, 3, 4);
  CHECK(read_params(p) == expected);
  p.values.clear();
  p.file = folder.write("p.csv", "1,2\n3,4\n");
  CHECK(read_params(p) == expected);
  p.file = folder.write("p.csv", "1\n2\n3\n4\n");
  CHECK(read_params(p) == expected);
  p.file = folder.write("p.csv", "1,2\n3,nan\n");
  CHECK(contains(message_of<ConfigError>([&] { read_params(p); }), "p.csv:2: field 2: 'nan'"));
  p.file = folder / "none.npy";
  CHECK_THROWS_AS(read_params(p), IoError);
}
