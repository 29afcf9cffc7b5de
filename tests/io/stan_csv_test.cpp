#include "negphase/io/stan_csv.hpp"

#include <doctest/doctest.h>

// How this test can fail: a digit lost, a column or a line too few, names that do not match.

using namespace negphase;

TEST_CASE("stan csv: comment lines, names, a line a draw, every digit") {
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> draws(2, 2);
  draws << 0.1, -1, 1.0 / 3, 1e-300;
  const std::string text = stan_csv({.model = "quartic",
                                     .version = "0.1.0",
                                     .chain = 3,
                                     .num_samples = 4,
                                     .num_warmup = 7,
                                     .thin = 2,
                                     .seed = 9},
                                    {"y.1", "z.1"}, Eigen::Vector2d(-0.5, 2), draws);
  const auto body = text.find("lp__");
  REQUIRE(body != text.npos);
  CHECK(text.substr(body) == "lp__,y.1,z.1\n-0.5,0.1,-1\n2,0.3333333333333333,1e-300\n");
  for (const char* line :
       {"# model = quartic\n", "#     num_samples = 4\n", "#     num_warmup = 7\n",
        "#     thin = 2\n", "# id = 3\n", "#   seed = 9\n"}) {
    CAPTURE(line);
    CHECK(text.substr(0, body).find(line) != text.npos);
  }
}
