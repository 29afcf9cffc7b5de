#include "negphase/io/quantity_names.hpp"

#include <doctest/doctest.h>

#include "planted/DF10.hpp"

// How this test can fail: axes exchanged, a grid with a hole filled, two quantities under one name.

using namespace negphase;
using Names = std::vector<std::string>;

TEST_CASE("quantity names: grids of brackets and of points, in any order") {
  // as Stan writes a matrix: the first place runs fastest
  for (const Names& names :
       {Names{"mu", "Z.1.1", "Z.2.1", "Z.1.2", "Z.2.2", "Z.1.3", "Z.2.3"},
        Names{"mu", "Z[1,1]", "Z[2,1]", "Z[1,2]", "Z[2,2]", "Z[1, 3]", "Z[2, 3]"}}) {
    const std::vector<NamedGrid> grids = grids_of(names);
    REQUIRE(grids.size() == 2);
    CHECK(grids[0].name == "mu");
    CHECK(grids[0].labels.empty());
    CHECK(grids[1].name == "Z");
    CHECK(grids[1].labels == std::vector<Names>{{"1", "2"}, {"1", "2", "3"}});
    CHECK(grids[1].columns == std::vector<Eigen::Index>{1, 3, 5, 2, 4, 6});
  }
  const std::vector<NamedGrid> named = grids_of({"theta[Choate]", "theta[Mt. Hermon]"});
  REQUIRE(named.size() == 1);
  CHECK(named[0].labels == std::vector<Names>{{"Choate", "Mt. Hermon"}});
}

TEST_CASE("quantity names: what fills no grid stays by itself") {
  for (const Names& names : {Names{"a.1.1", "a.1.2", "a.2.1"}, Names{"a", "a.1"},
                             Names{"a[1]", "a.1"}, Names{"a.1", "a.1.2"}, Names{"a.b", "a.c"},
                             Names{"row 1 y", "row 2 y"}, Names{"[1]", "1"}}) {
    CAPTURE(names[0]);
    const std::vector<NamedGrid> grids = grids_of(names);
    REQUIRE(grids.size() == names.size());
    for (std::size_t j = 0; j < names.size(); ++j) {
      CHECK(grids[j].name == names[j]);
      CHECK(grids[j].columns == std::vector<Eigen::Index>{static_cast<Eigen::Index>(j)});
    }
  }
}

TEST_CASE("quantity names: Stan's letters") {
  CHECK(stan_name("theta[1,2]") == "theta.1.2");
  CHECK(stan_name("theta.1.2") == "theta.1.2");
  CHECK(stan_name("theta[Mt. Hermon]") == "theta.Mt._Hermon");
  CHECK(stan_name("row 3 y.1") == "row_3_y.1");
}

TEST_CASE("quantity names: a grid filled the other way is told apart") {
  const Names names{"Z.1.1", "Z.2.1", "Z.1.2", "Z.2.2"};
  CHECK(grids_of(names)[0].columns == std::vector<Eigen::Index>{0, 2, 1, 3});
  CHECK(planted::DF10::grids_of(names)[0].columns != std::vector<Eigen::Index>{0, 2, 1, 3});
}
