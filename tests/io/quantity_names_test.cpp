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

TEST_CASE("quantity names: points for readers of Stan CSV only where a grid counts from 1") {
  CHECK(stan_names({"theta[2,1]", "theta[1,1]", "mu"}, {}) ==
        Names{"theta.2.1", "theta.1.1", "mu"});
  CHECK(stan_names({"y.1", "y.2", "z.1"}, {}) == Names{"y.1", "y.2", "z.1"});
  // ArviZ makes eight of these two, six of them never set
  CHECK(stan_names({"theta.1", "theta.8"}, {}) == Names{"theta_1", "theta_8"});
  CHECK(stan_names({"x[0]", "x[1]"}, {}) == Names{"x_0", "x_1"});
  CHECK(stan_names({"theta[Mt. Hermon]", "a.b", "row 3 y.1"}, {}) ==
        Names{"theta_Mt__Hermon", "a_b", "row_3_y.1"});
  CHECK(stan_names({"a b", "a_b", "a/b"}, {"c"}) == Names{"a_b", "a_b_2", "a_b_3"});
  CHECK(stan_names({"c"}, {"c"}) == Names{"c_2"});
  CHECK(stan_names({"p__"}, {}) == Names{"p___2"});
}

TEST_CASE("quantity names: a grid filled the other way is told apart") {
  const Names names{"Z.1.1", "Z.2.1", "Z.1.2", "Z.2.2"};
  CHECK(grids_of(names)[0].columns == std::vector<Eigen::Index>{0, 2, 1, 3});
  CHECK(planted::DF10::grids_of(names)[0].columns != std::vector<Eigen::Index>{0, 2, 1, 3});
}
