#pragma once
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/run_tool.hpp"

namespace negphase::test {

/// What `negphase <arguments> --json` prints; it must end with exit code 0.
inline nlohmann::ordered_json json_of_run(const TemporaryFolder& folder,
                                          const std::string& arguments) {
  const ToolRun run = run_tool(folder, arguments + " --json");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  return nlohmann::ordered_json::parse(run.out);
}

/// A file of results in `folder`.
inline nlohmann::ordered_json read_json(const TemporaryFolder& folder, const std::string& file) {
  return nlohmann::ordered_json::parse(folder.read(file));
}

}  // namespace negphase::test
