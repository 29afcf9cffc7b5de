#include "negphase/io/couplings_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "negphase/io/npy.hpp"
#include "planted/T6.hpp"
#include "planted/T7.hpp"
#include "support/temporary_folder.hpp"

using namespace negphase;
using namespace negphase::test;

namespace {

using List = std::vector<std::tuple<Index, Index, double>>;

template <class Given>
List list_of(const Given& given) {
  List list;
  for (const auto& c : given.all) {
    list.emplace_back(c.first, c.second, c.value);
  }
  return list;
}

// J of a path 0 - 3 - 1 with another edge 1 - 2
const List path{{0, 3, 0.5}, {1, 2, -0.25}, {1, 3, 2}};

struct Files {
  TemporaryFolder folder;
  std::string edges = folder.write("e.csv", "i,j,J\n3,1,2\n0,3,0.5\n1,2,-0.25\n");
  std::string matrix = folder.write("m.csv", "0,0,0,0.5\n0,0,-0.25,2\n0,-0.25,0,0\n0.5,2,0,0\n");
};

std::string complaint(const std::string& file, Index sites) {
  return message_of<ConfigError>([&] { read_couplings(file, sites); });
}

}  // namespace

TEST_CASE("couplings: edges and matrices say the same, in the order of parameters") {
  const Files files;
  for (const std::string& file : {files.edges, files.matrix}) {
    const GivenCouplings given = read_couplings(file, 4);
    CHECK(list_of(given) == path);
    CHECK(given.has_values);
  }
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(4, 4);
  for (const auto& [i, j, value] : path) {
    matrix(i, j) = matrix(j, i) = value;
  }
  write_npy(files.folder / "m.npy", matrix);
  CHECK(list_of(read_couplings(files.folder / "m.npy", 4)) == path);

  const auto bare = files.folder.write("bare.csv", "\"i\",\"j\"\n3,1\n0,3\n");
  CHECK(list_of(read_couplings(bare, 4)) == List{{0, 3, 0}, {1, 3, 0}});
  CHECK_FALSE(read_couplings(bare, 4).has_values);
  // a coupling of 0 is an edge of a list, and none of a matrix
  CHECK(read_couplings(files.folder.write("zero.csv", "i,j,J\n0,1,0\n"), 2).all.size() == 1);
  CHECK(read_couplings(files.folder.write("none.csv", "0,0\n0,0\n"), 2).all.empty());
}

TEST_CASE(
    "couplings: planted T6, T7: values in the file's order, a matrix that counts both halves") {
  const Files files;
  CHECK(list_of(planted::T6::read_couplings(files.edges, 4)) != path);
  CHECK(list_of(planted::T7::read_couplings(files.matrix, 4)) != path);
}

TEST_CASE("couplings: refusals name file, line, sites and values, all at once") {
  const TemporaryFolder folder;
  const auto edges = folder.write(
      "e.csv", "i,j,J\n0,4,1\n2,2,1\n0,1,nan\n1,0.5,1\n-1,2,1\n3,1,1\n1,3,2\n1,2,x\n1e300,0,1\n");
  const std::string said = complaint(edges, 4);
  for (const std::string part :
       {"e.csv:2: edge 0 - 4: 4 is no site; 4 columns of y are sites 0 to 3",
        "e.csv:3: edge 2 - 2: a site cannot be coupled to itself",
        "e.csv:4: row 3, column 3 ('J'): 'nan' is a missing value",
        "e.csv:5: edge 1 - 0.5: 0.5 is no site", "e.csv:6: edge -1 - 2: -1 is no site",
        "e.csv:8: edge 1 - 3 is given twice, first in line 7", "e.csv:10: edge 1e+300 - 0"}) {
    CAPTURE(said);
    CAPTURE(part);
    CHECK(contains(said, part));
  }
  const auto matrix = folder.write("m.csv", "0,1,2\n1,0.5,3\n2,4,0\n");
  CHECK(contains(complaint(matrix, 3),
                 "m.csv:2: entry [1,1] is 0.5: a site cannot be coupled to itself"));
  CHECK(contains(complaint(matrix, 3), "m.csv:2: not symmetric: entry [1,2] is 3, [2,1] is 4"));
  CHECK(contains(complaint(matrix, 4), "a matrix of 3 x 3 couples 3 sites; y has 4 columns"));
  const auto wide = folder.write("w.csv", "0,1,2\n1,0,3\n");
  CHECK(contains(complaint(wide, 3), "2 x 3 numbers are no square matrix; a list of edges begins"));
  const auto header = folder.write("h.csv", "a,b\n0,1\n");
  CHECK(contains(complaint(header, 2), "unknown header: a list of edges begins with"));
  CHECK(contains(complaint(folder.write("empty.csv", ""), 2), "empty"));
  CHECK(contains(complaint(folder.write("only.csv", "i,j\n"), 2), "no row"));
  CHECK(contains(complaint(folder.write("inf.csv", "0,inf\ninf,0\n"), 2), "'inf' is not a finite"));
  Eigen::MatrixXd bad = Eigen::MatrixXd::Zero(2, 2);
  bad(0, 1) = std::nan("");
  write_npy(folder / "bad.npy", bad);
  CHECK(contains(complaint(folder / "bad.npy", 2), "row 1, column 2: 'nan' is a missing value"));
  CHECK_THROWS_AS(read_couplings(folder / "nowhere.csv", 2), IoError);
  // up to 20 complaints
  std::string rows = "i,j\n";
  for (int i = 0; i < 30; ++i) {
    rows += std::to_string(i) + "," + std::to_string(i) + "\n";
  }
  const std::string many = complaint(folder.write("many.csv", rows), 30);
  CHECK(std::count(many.begin(), many.end(), '\n') == 20);
  CHECK(contains(many, "... and 10 more"));
}

TEST_CASE("couplings: they become edges and starting parameters; the option and the graph agree") {
  const Files files;
  const GivenCouplings given = read_couplings(files.edges, 4);
  const auto make = [&](const std::string& graph, const GivenCouplings* couplings) {
    const ModelRow& row = find_model("ising");
    return row.make(
        Options::resolve("ising", row.options, std::vector<GivenOption>{{"graph", graph, {}}}),
        {0, 4, {}, couplings});
  };
  const AnyModel model = make("file", &given);
  CHECK(model.params() == Params{{0.5, -0.25, 2, 0, 0, 0, 0}});
  CHECK(model.param_name(0) == "J[0,3]");
  CHECK(model.param_name(2) == "J[1,3]");
  CHECK_THROWS_WITH_AS(make("file", nullptr), doctest::Contains("needs the option couplings_file"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make("dense", &given), doctest::Contains("goes with graph = \"file\""),
                       ConfigError);
}
