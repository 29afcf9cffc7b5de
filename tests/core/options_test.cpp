#include "negphase/core/options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace negphase;

const std::vector<OptionSpec> specs{
    {"step_size", 0.1, "h of M11", 0, 10, false, "1/energy"},
    {"scan",
     std::string("systematic"),
     "order of the sites",
     -INFINITY,
     INFINITY,
     true,
     "",
     {"systematic", "random"}},
    {"flips", std::int64_t{1}, "proposals a step", 1, 100},
    {"hidden", std::int64_t{1}, "hidden units", 1, 1e6, true, "", {}, true},
};

std::string complaint_of(const std::vector<GivenOption>& given) {
  try {
    Options::resolve("sampler 'mala'", specs, given);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("defaults are filled in and integers serve as numbers") {
  const std::vector<GivenOption> given{{"hidden", std::int64_t{3}, {}},
                                       {"step_size", std::int64_t{2}, {}}};
  const Options o = Options::resolve("model", specs, given);
  CHECK(o.real("step_size") == 2.0);
  CHECK(o.word("scan") == "systematic");
  CHECK(o.integer("flips") == 1);
  CHECK(o.integer("hidden") == 3);
  CHECK_THROWS_AS(o.real("nothing"), UsageError);
}

TEST_CASE("each bad option is refused with place, value, what is legal and the nearest name") {
  const GivenOption hidden{"hidden", std::int64_t{3}, {}};
  const auto unknown = complaint_of({hidden, {"stepsize", 0.1, {"m.toml", 4, 7}}});
  CHECK(says(unknown, "m.toml:4:7"));
  CHECK(says(unknown, "sampler 'mala'"));
  CHECK(says(unknown, "did you mean 'step_size'?"));
  CHECK(says(complaint_of({hidden, {"step_size", 0.0, {}}}),
             "= 0 is out of range (legal: a number > 0, <= 10)"));
  CHECK(says(complaint_of({hidden, {"step_size", std::nan(""), {}}}), "out of range"));
  CHECK(says(complaint_of({hidden, {"flips", 1.5, {}}}), "must be an integer"));
  CHECK(says(complaint_of({hidden, {"flips", std::int64_t{0}, {}}}), "out of range"));
  CHECK(says(complaint_of({hidden, {"scan", std::string("sytematic"), {}}}), "'systematic'"));
  CHECK(says(complaint_of({hidden, hidden}), "given twice"));
  CHECK(says(complaint_of({}), "'hidden' must be given"));
}

TEST_CASE("all complaints come at once") {
  const auto all = complaint_of({{"flips", std::int64_t{0}, {}}, {"betta", 1.0, {}}});
  CHECK(says(all, "flips"));
  CHECK(says(all, "betta"));
  CHECK(says(all, "hidden"));
}

TEST_CASE("a suggestion is near, or there is none") {
  CHECK(nearest_name("betta", {"alpha", "beta"}) == "beta");
  CHECK(nearest_name("mla", {"ula", "mala"}) == "mala");
  CHECK(nearest_name("sede", {"set", "seed"}) == "seed");
  CHECK(nearest_name("zzzzzz", {"alpha", "beta"}).empty());
}
