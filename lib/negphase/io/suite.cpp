#include "negphase/io/suite.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "negphase/io/complaints.hpp"
#include "negphase/io/config_table.hpp"
#include "negphase/io/config_text.hpp"

namespace negphase {

namespace {

constexpr std::int64_t most_seeds = 10000, most_points = 40;

class SuiteReader {
 public:
  SuiteReader(const std::filesystem::path& file, const LegalNames& legal)
      : file_(file), legal_(legal) {
    legal_.verbs.clear();
  }

  Suite read(const toml::table& root) {
    Suite suite;
    suite.file = file_;
    const std::vector<std::string> known{"seed", "seeds", "points", "problem"};
    for (auto&& [key, node] : root) {
      const std::string name(key.str());
      if (name == "seed") {
        suite.seed = static_cast<std::uint64_t>(
            whole(node, name, 0, std::numeric_limits<std::int64_t>::max(), 1));
      } else if (name == "seeds") {
        suite.seeds = static_cast<int>(whole(node, name, 1, most_seeds, suite.seeds));
      } else if (name == "points") {
        suite.points = static_cast<int>(whole(node, name, 2, most_points, suite.points));
      } else if (name != "problem") {
        complaints_.add(place_of(key.source()), fmt::format("at the top of the suite: {}",
                                                            unknown_name("key", name, known)));
      }
    }
    const toml::node* problems = root.get("problem");
    if (problems == nullptr || !problems->is_array_of_tables()) {
      complaints_.add(problems == nullptr ? FilePlace{file_.string(), 0, 0} : place_of(*problems),
                      "a suite has one or more tables [[problem]], each with name, model, data, "
                      "sampler, estimator");
    } else {
      for (const toml::node& problem : *problems->as_array()) {
        read_problem(*problem.as_table(), suite);
      }
    }
    complaints_.throw_if_any();
    return suite;
  }

 private:
  std::int64_t whole(const toml::node& node, const std::string& what, std::int64_t low,
                     std::int64_t high, std::int64_t fallback) {
    const auto value = node.value_exact<std::int64_t>();
    if (value && *value >= low && *value <= high) {
      return *value;
    }
    complaints_.add(place_of(node),
                    value ? fmt::format("{} = {} is out of range (legal: an integer from {} to {})",
                                        what, *value, low, high)
                          : fmt::format("{} must be an integer from {} to {}", what, low, high));
    return fallback;
  }

  void read_problem(const toml::table& t, Suite& suite) {
    SuiteProblem problem;
    problem.place = place_of(t);
    read_name(t, suite, problem);
    if (const toml::node* add = t.get("add_samplers")) {
      const auto value = add->value_exact<bool>();
      problem.add_samplers = value.value_or(false);
      if (!value) {
        complaints_.add(place_of(*add), "add_samplers must be true or false");
      }
    }
    const bool read = complaints_.collect(problem.place, [&] {
      problem.config = read_config_part(
          t, file_, legal_,
          {fmt::format("problem '{}'", problem.name), problem.place, {"name", "add_samplers"}});
    });
    if (read) {
      suite.problems.push_back(std::move(problem));
    }
  }
  void read_name(const toml::table& t, const Suite& suite, SuiteProblem& problem) {
    const toml::node* node = t.get("name");
    problem.name = node == nullptr ? "" : node->value_exact<std::string>().value_or("");
    const FilePlace place = node == nullptr ? problem.place : place_of(*node);
    const auto same = [&](const SuiteProblem& p) { return p.name == problem.name; };
    if (problem.name.empty()) {
      complaints_.add(place, "[[problem]] needs the key name, a text that is not empty");
    } else if (std::any_of(suite.problems.begin(), suite.problems.end(), same)) {
      complaints_.add(place, fmt::format("there are two problems '{}'", problem.name));
    }
  }

  std::filesystem::path file_;
  LegalNames legal_;
  Complaints complaints_;
};

// The tables of a configuration as parts of the last [[problem]]; it has no seed of its own.
std::string as_problem(const std::string& config) {
  std::istringstream lines(config);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("seed = ")) {
      continue;
    }
    if (line.starts_with("[")) {
      line.insert(line.starts_with("[[") ? 2 : 1, "problem.");
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace

Suite read_suite(const std::filesystem::path& file, const std::vector<std::string>& sets,
                 const LegalNames& legal) {
  return SuiteReader(file, legal).read(read_toml(file, sets));
}

std::string to_toml(const Suite& suite, const LegalNames& legal) {
  std::string text =
      fmt::format("seed = {}\nseeds = {}\npoints = {}\n", suite.seed, suite.seeds, suite.points);
  for (const SuiteProblem& problem : suite.problems) {
    text += fmt::format("\n[[problem]]\nname = {}\nadd_samplers = {}\n", toml_string(problem.name),
                        problem.add_samplers);
    text += as_problem(to_toml(problem.config, legal));
  }
  return text;
}

}  // namespace negphase
