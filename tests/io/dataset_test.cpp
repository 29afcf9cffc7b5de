#include "negphase/io/dataset.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/io/csv.hpp"
#include "negphase/io/npy.hpp"
#include "negphase/io/params_file.hpp"
#include "negphase/io/state_codes.hpp"
#include "planted/D1.hpp"
#include "planted/D5.hpp"
#include "planted/D6.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: columns counted from 0, a standard deviation with another divisor, a
// threshold that is strict, illegal states let through, only the first complaint said; test rows
// that are scaled by themselves or have a say in the scaling, indicators or codes of another label.

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
  CHECK(contains(bad,
                 "t.csv:3: row 2, column 4 ('gap'): 'nan' is a missing value (1 in this column)"));
  // a column that nobody uses may hold anything
  CHECK(refusal(spec({name("speed")}, {name("drag")}), t).empty());
  const Table headless = read_csv(folder.write("n.csv", "1,2\n3,4\n"));
  CHECK(contains(refusal(spec({}, {name("speed")}), headless), "no header line"));
}

TEST_CASE("dataset: a picture has as many pixels as y has columns") {
  const TemporaryFolder folder;
  const Table t = read_csv(folder.write("t.csv", "a,b,c,d,e,f\n1,0,1,0,1,0\n0,0,1,1,1,0\n"));
  DataSpec s = spec({}, {name("a..f")});
  s.image = ImageShape{2, 3};
  s.image_place = {"m.toml", 8, 9};
  CHECK(refusal(s, t).empty());
  s.image = ImageShape{3, 3};
  CHECK(contains(refusal(s, t),
                 "m.toml:8:9: [data]: image = [3, 3] is a picture of 9 pixels, but y has 6 col"));
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

namespace {

// Means and deviations (divisor n) of the first two rows, 2 and 1 of a, 20 and 10 of b, by hand.
bool scales_by_training_rows(const auto& make) {
  const TemporaryFolder folder;
  DataSpec s = spec({name("a")}, {name("b")});
  s.file = folder.write("t.csv", "a,b\n1,10\n3,30\n7,50\n");
  s.test = {{3, 3, {}}};
  s.standardize_all = true;
  const auto d = make(s, read_data(s));
  return d.x.col(0) == Eigen::Vector2d(-1, 1) && d.y.col(0) == Eigen::Vector2d(-1, 1) &&
         d.x_test.size() == 1 && d.x_test(0, 0) == 5 && d.y_test(0, 0) == 3;
}

bool indicates_by_hand(const auto& make) {
  const TemporaryFolder folder;
  DataSpec s = spec({name("a"), name("kind"), name("b")}, {name("c")});
  s.file = folder.write("t.csv", "kind,a,b,c\nz,1,2,3\nx,4,5,6\ny,7,8,9\nx,1,1,1\n");
  s.labels = {{name("kind"), {}}};
  s.test = {{4, 4, {}}};
  const auto d = make(s, read_data(s));
  const Eigen::MatrixXd x{{1, 0, 0, 1, 2}, {4, 1, 0, 0, 5}, {7, 0, 1, 0, 8}};
  return d.x == x && d.x_test == Eigen::MatrixXd{{1, 1, 0, 0, 1}} &&
         d.x_columns[1].name == "kind=x" && d.x_columns[3].name == "kind=z" &&
         d.x_columns[4].name == "b";
}

Dataset made(const DataSpec& s) { return make_dataset(s, read_data(s)); }
std::string refusal(const DataSpec& s) {
  return message_of<ConfigError>([&] { made(s); });
}

}  // namespace

TEST_CASE("dataset: rows that are held out are scaled by the training rows") {
  CHECK(scales_by_training_rows([](const auto&... a) { return make_dataset(a...); }));
  CHECK_FALSE(
      scales_by_training_rows([](const auto&... a) { return planted::D1::make_dataset(a...); }));
  CHECK_FALSE(
      scales_by_training_rows([](const auto&... a) { return planted::D6::make_dataset(a...); }));
}

TEST_CASE("dataset: labels in x are indicators") {
  CHECK(indicates_by_hand([](const auto&... a) { return make_dataset(a...); }));
  CHECK_FALSE(indicates_by_hand([](const auto&... a) { return planted::D5::make_dataset(a...); }));
}

TEST_CASE("dataset: only the rows that are asked for are looked at") {
  const TemporaryFolder folder;
  DataSpec s = spec({}, {name("a")});
  s.file = folder.write("t.csv", "a,b\n1,1\nbad,1\n3,1\nworse,\n");
  s.rows = {{1, 1, {}}, {3, 3, {}}};
  CHECK(made(s).y.col(0) == Eigen::Vector2d(1, 3));
  s.rows = {{1, 1, {}}, {4, 4, {}}};
  // the first of the rows asked for, not of the file
  CHECK(contains(refusal(s), "t.csv:5: row 4, column 1 ('a'): 'worse' is not a number"));
}

TEST_CASE("dataset: missing values") {
  const TemporaryFolder folder;
  DataSpec s = spec({name("a")}, {name("kind")});
  s.file = folder.write("t.csv", "a,b,kind\n1,NA,u\nNA,1,u\n3,?,\n4,,v\nnan,1,?\n6,x,u\n");
  s.labels = {{name("kind"), {}}};
  const std::string all = refusal(s);
  CHECK(contains(all,
                 "t.csv:3: row 2, column 1 ('a'): 'NA' is a missing value (2 in this column); "
                 "missing = \"drop\""));
  CHECK(contains(all, "t.csv:4: row 3, column 3 ('kind'): '' is a missing value (2 in"));
  s.drop_missing = true;
  const Dataset d = made(s);
  CHECK(d.num_dropped == 3);  // rows 2, 3, 5; what column b lacks is nobody's business
  CHECK(d.x.col(0) == Eigen::Vector3d(1, 4, 6));
  CHECK(d.y.col(0) == Eigen::Vector3d(0, 1, 0));
  CHECK(d.sources.train == std::vector<Eigen::Index>{0, 3, 5});
  CHECK(d.y_columns[0].labels == std::vector<std::string>{"u", "v"});
  // row numbers are those of the file, and a dropped row does not move them
  s.test = {{4, 5, {}}};
  CHECK(made(s).x_test.col(0) == Eigen::VectorXd::Constant(1, 4));
  CHECK(made(s).y_columns[0].labels.size() == 2);  // v stands in a test row
  s.test = {{5, 5, {}}};
  CHECK(contains(refusal(s), "every test row has a missing value"));
  s.test = {};
  s.rows = {{2, 3, {}}};
  CHECK(contains(refusal(s), "every training row has a missing value"));
  // a label that is given is not missing
  s = spec({}, {name("kind")});
  s.file = folder / "t.csv";
  s.labels = {{name("kind"), {"u", "v", "?", ""}}};
  CHECK(made(s).y.rows() == 6);
  // NaN is the missing value of a .npy
  Eigen::MatrixXd values{{1, 2}, {NAN, 3}};
  write_npy(folder / "t.npy", values);
  s = spec({number(2)}, {number(1)});
  s.file = folder / "t.npy";
  CHECK(contains(refusal(s), "t.npy: row 2, column 1: 'nan' is a missing value"));
  s.drop_missing = true;
  CHECK(made(s).y.rows() == 1);
  values(1, 0) = INFINITY;
  write_npy(folder / "t.npy", values);
  CHECK(contains(refusal(s), "row 2, column 1: 'inf' is not a finite number"));
  // what is garbage stays an error
  s = spec({}, {name("b")});
  s.file = folder / "t.csv";
  s.drop_missing = true;
  CHECK(contains(refusal(s), "row 6, column 2 ('b'): 'x' is not a number"));
}

TEST_CASE("dataset: labels in y become the model's states") {
  const TemporaryFolder folder;
  DataSpec s = spec({}, {name("v1..v2"), name("n")});
  s.file = folder.write("t.csv.gz", "v1,v2,n\nn,y,8\ny,y,7\nn,n,9\n");
  s.labels = {{name("v1..v2"), {"y", "n"}}};
  s.labels_place = {"m.toml", 5, 1};
  s.threshold = 8;
  s.test = {{3, 3, {}}};
  const std::vector<Column> spins{spin_column(), spin_column(), spin_column()};
  Dataset d = made(s);
  CHECK(d.y_states() == std::vector<Eigen::Index>{2, 2, 0});
  const Table t = read_data(s);
  encode_y(d, s, t, spins);
  CHECK(d.y == Eigen::MatrixXd{{1, -1, 1}, {-1, -1, -1}});  // the threshold is for numbers
  CHECK(d.y_test == Eigen::MatrixXd{{1, 1, 1}});

  const auto refused = [&](const std::vector<Column>& columns) {
    Dataset again = made(s);
    return message_of<ConfigError>([&] { encode_y(again, s, t, columns); });
  };
  s.labels = {{name("v1..v2"), {"y", "n", "?"}}};
  CHECK(contains(refused(spins),
                 "m.toml:5:1: [data]: column 2 ('v2') has 3 labels (y, n, ?), but y of this model "
                 "has 2 states"));
  CHECK(contains(refused({real_column(), spin_column(), spin_column()}),
                 "column 1 ('v1') has 3 labels (y, n, ?), but y of this model holds numbers"));
  const Column three{ColumnKind::category, 3};
  CHECK(refused({three, three, spin_column()}).empty());
  s.y = {name("v1..v2")};
  CHECK(contains(refused({three, three}), "a threshold cuts numbers, but y holds labels"));
}

TEST_CASE("dataset: refusals of labels") {
  const TemporaryFolder folder;
  DataSpec s = spec({name("a")}, {name("kind")});
  s.file = folder.write("t.csv", "a,kind,c\n1,u,3\n2,v,4\n");
  const auto with_labels = [&](std::vector<LabelChoice> labels) {
    s.labels = std::move(labels);
    return refusal(s);
  };
  CHECK(contains(refusal(s), "'u' is not a number; labels = [\"kind\"] in [data]"));
  CHECK(with_labels({{name("kind"), {}}}).empty());
  CHECK(contains(with_labels({{name("kin"), {}}}), "did you mean 'kind'?"));
  CHECK(contains(with_labels({{name("c"), {}}}), "labels names column 3 ('c'), which is neither"));
  CHECK(contains(with_labels({{name("kind"), {}}, {number(2), {}}}), "('kind') twice"));
  CHECK(with_labels({{name("2"), {"u", "v"}}}).empty());  // a number as the key of a table
  s.standardize = {name("kind")};
  CHECK(contains(with_labels({{name("kind"), {}}}), "holds labels and cannot be standardized"));
  s.standardize = {};
  s.standardize_all = true;  // all numbers
  CHECK(with_labels({{name("kind"), {}}}).empty());
  CHECK_THROWS_AS(make_dataset(s, read_csv(s.file)), UsageError);
  s = spec({}, {number(2)});
  s.file = folder.write("n.csv", "1,u\n2,v\n");
  CHECK(contains(refusal(s), "column 2: 'u' is not a number; labels = [2] in [data]"));

  write_npy(folder / "t.npy", Eigen::MatrixXd(Eigen::MatrixXd::Ones(2, 2)));
  s = spec({}, {number(1)});
  s.file = folder / "t.npy";
  CHECK(refusal(s).empty());
  s.labels = {{number(1), {}}};
  s.labels_place = {"m.toml", 5, 1};
  CHECK(contains(refusal(s), "m.toml:5:1: [data]: labels are read from .csv files"));
}

TEST_CASE("dataset: one row, one label") {
  const TemporaryFolder folder;
  DataSpec s = spec({name("a")}, {name("b")});
  s.file = folder.write("t.csv", "a,b,kind\n1,2,u\n");
  CHECK(made(s).y(0, 0) == 2);
  s.test_share = 0.5;  // round(0.5) = 1
  CHECK(contains(refusal(s), "none is left to train on"));
  s.test_share.reset();
  s.x = {name("kind")};
  s.labels = {{name("kind"), {}}};
  CHECK(made(s).x == Eigen::MatrixXd::Ones(1, 1));
  // in y nothing says which of the model's states it is
  s.x = {};
  s.y = {name("kind")};
  CHECK(contains(refusal(s), "column 3 ('kind') has one label in all rows that are used, 'u'"));
  CHECK(contains(refusal(s), "labels = { \"kind\" = [...] }"));
  s.labels = {{name("kind"), {"t", "u"}}};
  CHECK(made(s).y(0, 0) == 1);
}

TEST_CASE("dataset: a decimal comma is recognised") {
  const TemporaryFolder folder;
  DataSpec s = spec({}, {name("a")});
  s.file = folder.write("t.csv", "a,b\n\"1,5\",2\n");
  CHECK(contains(refusal(s), "'1,5' is not a number; a decimal comma? wanted is 1.5"));
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
