#ifdef NEGPHASE_FAILING_DISK
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>

#include "support/run_tool.hpp"

// Training in the real program, ended at each single call that changes a file (support/
// failing_disk.cpp), and then resumed: the folder's bytes are those of a run that was left alone.

using namespace negphase::test;

namespace {

constexpr const char* train =
    "train r.toml --quiet --set train.updates=4 --set train.checkpoint_every=1 "
    "--set train.optimizer=adam --set train.batch=7 --set train.exact_nll_every=2 ";

ToolRun with_disk(const TemporaryFolder& folder, const std::string& plan,
                  const std::string& arguments) {
  return run_tool(folder, arguments,
                  "FAILING_DISK=" + plan + " LD_PRELOAD='" NEGPHASE_FAILING_DISK "'");
}

// The files of a whole result that hold no time.
void check_same_result(const TemporaryFolder& folder, const std::string& a, const std::string& b) {
  for (const char* file : {"params.npy", "metrics.jsonl", "config.toml"}) {
    CAPTURE(file);
    CHECK_FALSE(folder.read(a + "/" + file).empty());
    CHECK(folder.read(a + "/" + file) == folder.read(b + "/" + file));
  }
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

const std::set<std::string> whole_result{"config.toml", "metrics.jsonl", "params.npy",
                                         "run.json",    "train.json",    "trained.toml"};

bool exists(const TemporaryFolder& folder, const std::string& file) {
  return std::filesystem::exists(folder / file);
}

// Goes on as a person would after reading the message.
void go_on(const TemporaryFolder& folder, int calls) {
  const std::string threads = " --threads " + std::to_string(1 + calls % 3);
  const ToolRun resumed = run_tool(folder, train + ("--out t --resume" + threads));
  CAPTURE(resumed.err);
  if (resumed.exit_code == 3) {
    CHECK(contains(resumed.err, "nothing to resume"));
    CHECK_FALSE(exists(folder, "t/checkpoint.bin"));
    REQUIRE(run_tool(folder, train + ("--out t --force" + threads)).exit_code == 0);
  } else {
    REQUIRE(resumed.exit_code == 0);
  }
}

}  // namespace

TEST_CASE("resume: killed at any call that changes a file, a run ends with the same bytes") {
  const TemporaryFolder folder;
  write_rbm(folder);
  REQUIRE(run_tool(folder, train + std::string("--out whole")).exit_code == 0);
  CHECK(files_in(folder / "whole") == whole_result);
  int calls = 1, resumed = 0;
  for (bool killed = true; killed; ++calls) {
    CAPTURE(calls);
    std::filesystem::remove_all(folder / "t");
    killed = with_disk(folder, "kill:" + std::to_string(calls), train + std::string("--out t"))
                 .exit_code == 128 + 9;
    if (!exists(folder, "t/run.json")) {
      // nothing that looks like a result
      resumed += exists(folder, "t/checkpoint.bin") ? 1 : 0;
      go_on(folder, calls);
      CHECK(files_in(folder / "t") == whole_result);
    }
    check_same_result(folder, "t", "whole");
  }
  // 5 checkpoints of at least 5 calls each lie before the end
  CHECK(calls > 30);
  CHECK(resumed > 20);
}

TEST_CASE("resume: a disk that is full at any write is said, and nothing is lost") {
  const TemporaryFolder folder;
  write_rbm(folder);
  REQUIRE(run_tool(folder, train + std::string("--out whole")).exit_code == 0);
  bool failed = true;
  for (int calls = 1; failed; ++calls) {
    CAPTURE(calls);
    std::filesystem::remove_all(folder / "t");
    const ToolRun run =
        with_disk(folder, "full:" + std::to_string(calls), train + std::string("--out t"));
    failed = run.exit_code != 0;
    if (failed) {
      CHECK(run.exit_code == 5);
      CHECK(contains(run.err, "No space left"));
      CHECK(run.out.empty());
      CHECK_FALSE(exists(folder, "t/run.json"));
      go_on(folder, calls);
    }
    check_same_result(folder, "t", "whole");
  }
}
#endif
