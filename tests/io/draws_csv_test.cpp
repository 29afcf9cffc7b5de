#include "negphase/io/draws_csv.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "planted/DF1.hpp"
#include "planted/DF2.hpp"
#include "planted/DF3.hpp"
#include "planted/DF4.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: warm-up draws taken for draws, the sampler's columns for quantities, a
// chain's end for part of the next, a number that was cut for a whole one, a loss that is not said.

using namespace negphase;
using namespace negphase::test;

namespace {

ChainDraws parse(const std::string& text) { return parse_draws_csv("d.csv", text); }

std::string notes_of(const ChainDraws& draws) {
  std::string all;
  for (const std::string& note : draws.notes) {
    all += note + "\n";
  }
  return all;
}

std::string refusal(const std::string& text) {
  return message_of<ConfigError>([&] { parse(text); });
}

// CmdStan's form: 3 of warm-up where they are saved, then 4 draws.
std::string stan(const std::string& saved, const std::string& settings = "") {
  const bool has_warmup = saved == "1" || saved == "true";
  return "# model = m\n# method = sample (Default)\n#     num_samples = 4\n#     num_warmup = 3\n"
         "#     save_warmup = " +
         saved + "\n" + settings + "lp__,energy__,a,b.1\n" +
         (has_warmup ? "-9,9,90,91\n-9,9,92,93\n-9,9,94,95\n" : "") +
         "# Adaptation terminated\n# Step size = 0.5\n# 0.1, 0.2\n"
         "-1,1,10,11\n-2,2,20,21\n-3,3,30,31\n-4,4,40,41\n"
         "# \n#  Elapsed Time: 0.1 seconds (Warm-up)\n# \n";
}

}  // namespace

TEST_CASE("draws csv: CmdStan's comments, the sampler's columns, warm-up saved or not") {
  for (const std::string saved : {"0", "1", "false", "true"}) {
    CAPTURE(saved);
    const ChainDraws draws = parse(stan(saved));
    CHECK(draws.names == std::vector<std::string>{"a", "b.1"});
    CHECK(draws.sampler_names == std::vector<std::string>{"lp__", "energy__"});
    REQUIRE(draws.num_chains() == 1);
    REQUIRE(draws.num_draws() == 4);
    Eigen::ArrayXXd expected(4, 2), sampler(4, 2);
    expected << 10, 11, 20, 21, 30, 31, 40, 41;
    sampler << -1, 1, -2, 2, -3, 3, -4, 4;
    CHECK((draws.chains[0] == expected).all());
    CHECK((draws.sampler_chains[0] == sampler).all());
    CHECK(!draws.incomplete);
    CHECK(contains(notes_of(draws), "3 warm-up draws are left out") ==
          (saved == "1" || saved == "true"));
  }
}

TEST_CASE("draws csv: without an adaptation the warm-up is as long as the comments say") {
  const std::string head = "# num_samples = 4\n# num_warmup = 5\n# save_warmup = 1\n# thin = 2\n";
  const std::string rows = "1\n2\n3\n4\n5\n";
  // warm-up steps 0, 2, 4 were kept, and steps 0, 2 of the draws
  const ChainDraws draws = parse(head + "# engaged = 0\na\n" + rows);
  REQUIRE(draws.num_draws() == 2);
  CHECK(draws.chains[0](0, 0) == 4);
  CHECK(!draws.incomplete);
  // a fixed-parameter run has none
  CHECK(parse(head + "# algorithm = fixed_param\na\n" + rows).num_draws() == 5);
  CHECK(contains(refusal(head + "a\n1\n2\n"), "no draw after the warm-up"));
}

TEST_CASE("draws csv: a file that is cut gives its whole draws, and says what was lost") {
  const std::string text = stan("0");
  const ChainDraws draws = parse(text.substr(0, text.find("-4,4,40,41") + 9));
  CHECK(draws.num_draws() == 3);
  CHECK(draws.incomplete);
  CHECK(contains(notes_of(draws),
                 "1 line was left out as not whole; the first is line 13: the file "
                 "ends in the midst of it"));
  CHECK(contains(notes_of(draws), "has 3 of the 4 draws"));
  // at the end of a line nothing is seen but the number of draws
  const ChainDraws shorter = parse(text.substr(0, text.find("-4,4,40,41")));
  CHECK(shorter.incomplete);
  CHECK(shorter.notes.size() == 1);
}

TEST_CASE("draws csv: lines in the midst that are no draw are left out and counted") {
  const ChainDraws draws = parse("a,b\n1,2\n3\n4,five\n5,6,7\n8,9\n");
  CHECK(draws.num_draws() == 2);
  CHECK(draws.chains[0](1, 0) == 8);
  CHECK(draws.incomplete);
  CHECK(contains(notes_of(draws), "3 lines were left out"));
  CHECK(contains(notes_of(draws), "line 3: 1 of 2 fields"));
  CHECK(contains(refusal("a,b\n1,x\n"), "d.csv:2: no draw is whole: column 2 ('b'): 'x'"));
}

TEST_CASE("draws csv: numbers that are not finite are draws") {
  const ChainDraws draws = parse("a\nnan\ninf\n-inf\nNA\n1e400\n-1e400\n1e-400\n+2.5\n NaN \n");
  REQUIRE(draws.num_draws() == 9);
  CHECK(!draws.incomplete);
  const auto a = draws.chains[0].col(0);
  CHECK(std::isnan(a[0]));
  CHECK(a[1] == HUGE_VAL);
  CHECK(a[2] == -HUGE_VAL);
  CHECK(std::isnan(a[3]));
  CHECK(a[4] == HUGE_VAL);
  CHECK(a[5] == -HUGE_VAL);
  CHECK(a[6] == 0);
  CHECK(a[7] == 2.5);
  CHECK(std::isnan(a[8]));
}

TEST_CASE("draws csv: chains in columns, in blocks, and by number") {
  const ChainDraws wide = parse("chain1,chain2\n1,2\n3,4\n5,6\n");
  CHECK(wide.names == std::vector<std::string>{"d"});
  REQUIRE(wide.num_chains() == 2);
  CHECK((wide.chains[1].col(0) == Eigen::Array3d(2, 4, 6)).all());

  const ChainDraws blocks = parse("lp__,a\n-1,1\n-2,2\n# id = 2\nlp__,a\n-3,3\n-4,4\n");
  REQUIRE(blocks.num_chains() == 2);
  CHECK((blocks.chains[1].col(0) == Eigen::Array2d(3, 4)).all());
  CHECK((blocks.sampler_chains[1].col(0) == Eigen::Array2d(-3, -4)).all());

  // R's posterior: names of rows, names in quotes
  const ChainDraws numbered = parse(
      "\"\",\"theta[1,2]\",\".chain\",\".iteration\",\".draw\"\n\"1\",10,1,1,1\n\"2\",30,2,1,3\n"
      "\"3\",11,1,2,2\n\"4\",31,2,2,4\n");
  CHECK(numbered.names == std::vector<std::string>{"theta[1,2]"});
  REQUIRE(numbered.num_chains() == 2);
  CHECK((numbered.chains[0].col(0) == Eigen::Array2d(10, 11)).all());
  CHECK((numbered.chains[1].col(0) == Eigen::Array2d(30, 31)).all());
  // without the chain these are quantities like others
  CHECK(parse("draw,iteration\n1,2\n").num_quantities() == 2);
}

TEST_CASE("draws csv: byte-order mark and CRLF") {
  const ChainDraws draws = parse("\xEF\xBB\xBF# method = sample\r\na,b\r\n1,2\r\n\r\n3,4\r\n");
  CHECK(draws.names == std::vector<std::string>{"a", "b"});
  CHECK(draws.num_draws() == 2);
  CHECK(!draws.incomplete);
}

TEST_CASE("draws csv: what is no file of draws") {
  CHECK(contains(refusal("# a = 1\n"), "no line of names"));
  CHECK(contains(refusal("a,b"), "d.csv:1: the file ends in its line of names"));
  CHECK(contains(refusal("a,b\n"), "a line of names but no draw"));
  CHECK(contains(refusal("1,2\n3,4\n"), "'1' is a number where names"));
  CHECK(contains(refusal("a,a\n1,2\n"), "two columns are named 'a'"));
  CHECK(contains(refusal("a,,c\n1,2,3\n"), "column 2 has no name"));
  CHECK(contains(refusal("a;b\n1;2\n"), "not separated by commas"));
  CHECK(contains(refusal("lp__\n1\n"), "no column but the sampler's own"));
  CHECK(contains(refusal(std::string("\x7f"
                                     "ELF\0\0\n\0",
                                     8)),
                 "NUL"));
  CHECK(contains(refusal("chain,a\nnan,1\n"), "draw 1 is of no chain"));
  for (const std::string method :
       {"optimize", "variational", "pathfinder", "diagnose", "laplace"}) {
    CHECK(contains(refusal("# method = " + method + "\nlp__,a\n0,1\n"),
                   "Stan's method '" + method + "'"));
  }
}

TEST_CASE("draws csv: wrong readers are told apart") {
  CHECK(planted::DF1::parse_draws_csv("d.csv", stan("1")).num_draws() != 4);
  const std::string text = stan("0");
  const std::string cut = text.substr(0, text.find("-4,4,40,41") + 9);  // 40,4
  CHECK(planted::DF2::parse_draws_csv("d.csv", cut).num_draws() != 3);
  CHECK(!planted::DF3::parse_draws_csv("d.csv", "a,b\n1,2\n3\n").incomplete);
  CHECK(planted::DF4::parse_draws_csv("d.csv", "# num_samples = 4\n# thin = 2\na\n1\n2\n")
            .incomplete);
  CHECK(!parse("# num_samples = 4\n# thin = 2\na\n1\n2\n").incomplete);
}
