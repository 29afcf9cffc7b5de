#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "support/run_tool.hpp"

// Training, and every other verb that writes, in the real program, ended at each single call that
// changes a file (support/ failing_disk.cpp), and then resumed: the folder's bytes are those of a
// run that was left alone.

using namespace negphase::test;

namespace {

constexpr const char* train =
    "train r.toml --quiet --set train.updates=4 --set train.checkpoint_every=1 "
    "--set train.optimizer=adam --set train.batch=7 --set train.exact_nll_every=2 "
    "--set train.nll_chains=64 --set train.nll_steps=5 --set train.nll_warmup=20 ";

#ifdef NEGPHASE_FAILING_DISK
ToolRun with_disk(const TemporaryFolder& folder, const std::string& plan,
                  const std::string& arguments) {
  return run_tool(folder, arguments,
                  "FAILING_DISK=" + plan + " LD_PRELOAD='" NEGPHASE_FAILING_DISK "'");
}

// The files of a whole result that hold no time.
void check_same_result(const TemporaryFolder& folder, const std::string& a, const std::string& b) {
  for (const char* file : {"params.npy", "metrics.jsonl", "config.toml", "pictures.json"}) {
    CAPTURE(file);
    CHECK_FALSE(folder.read(a + "/" + file).empty());
    CHECK(folder.read(a + "/" + file) == folder.read(b + "/" + file));
  }
}
#endif

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

const std::set<std::string> whole_result{"config.toml",   "metrics.jsonl", "params.npy",
                                         "pictures.json", "run.json",      "train.json",
                                         "trained.toml"};

bool exists(const TemporaryFolder& folder, const std::string& file) {
  return std::filesystem::exists(folder / file);
}

#ifdef NEGPHASE_FAILING_DISK
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
#endif

}  // namespace

#ifdef NEGPHASE_FAILING_DISK
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
#endif

namespace {

struct WritingVerb {
  std::string arguments;
  std::set<std::string> files;
};

const WritingVerb writing_verbs[] = {
    {"gradient r.toml --quiet --set estimator.draws=5 --set estimator.warmup=5",
     {"config.toml", "gradient.json", "pictures.json", "run.json"}},
    {"exact r.toml --quiet", {"config.toml", "exact.json", "run.json"}},
    {"sample r.toml --quiet --set sample.draws=3 --set sample.warmup=2 --set sample.chains=2",
     {"chain_1.csv", "chain_2.csv", "config.toml", "draws.npy", "pictures.json", "run.json",
      "sample.json"}}};

#ifdef NEGPHASE_FAILING_DISK
// Of files that hold no time.
void check_same_numbers(const TemporaryFolder& folder, const WritingVerb& verb) {
  for (const std::string& file : verb.files) {
    CAPTURE(file);
    CHECK_FALSE(folder.read("t/" + file).empty());
    if (!file.ends_with(".json")) {
      CHECK(folder.read("t/" + file) == folder.read("whole/" + file));
    }
  }
}
#endif

}  // namespace

#ifdef NEGPHASE_FAILING_DISK
TEST_CASE("killed, or with a full disk, at any call: no result that looks whole; --force goes on") {
  for (const WritingVerb& verb : writing_verbs) {
    CAPTURE(verb.arguments);
    const TemporaryFolder folder;
    write_rbm(folder);
    REQUIRE(run_tool(folder, verb.arguments + " --out whole").exit_code == 0);
    CHECK(files_in(folder / "whole") == verb.files);
    for (const std::string fate : {"kill:", "full:"}) {
      CAPTURE(fate);
      int failed = 0;
      for (bool ended_well = false; !ended_well;) {
        CAPTURE(failed);
        std::filesystem::remove_all(folder / "t");
        const ToolRun run =
            with_disk(folder, fate + std::to_string(failed + 1), verb.arguments + " --out t");
        ended_well = run.exit_code == 0;
        failed += ended_well ? 0 : 1;
        if (!ended_well && fate == "full:") {
          CHECK(run.exit_code == 5);
          CHECK(contains(run.err, "No space left"));
          CHECK(run.out.empty());
          CHECK_FALSE(exists(folder, "t/run.json"));
        } else if (!ended_well) {
          CHECK(run.exit_code == 128 + 9);
        }
        if (exists(folder, "t/run.json")) {
          check_same_numbers(folder, verb);  // written last: the others are whole
        } else {
          REQUIRE(run_tool(folder, verb.arguments + " --out t --force").exit_code == 0);
        }
        std::filesystem::remove(folder / "t/.lock");  // of a run that was killed at its very end
        CHECK(files_in(folder / "t") == verb.files);
        check_same_numbers(folder, verb);
      }
      // of each file a write, an fsync of it and of the folder, and a rename
      CHECK(failed >= (fate == "kill:" ? 4 : 1) * std::ssize(verb.files));
    }
  }
}
#endif

TEST_CASE("SIGINT ends gradient, exact and sample at once: code 130, no file") {
  const TemporaryFolder folder;
  write_quartic(folder);
  std::string rows = "x,y\n";
  for (int i = 0; i < 300000; ++i) {
    rows += std::to_string(i % 1000 / 500.0 - 1) + ",0.5\n";
  }
  folder.write("many.csv", rows);
  for (const std::string verb :
       {"exact m.toml --set data.file=many.csv", "gradient m.toml --set data.file=many.csv",
        "gradient m.toml --set estimator.draws=1000000000000",
        "sample m.toml --set sample.draws=1 --set sample.warmup=1000000000000"}) {
    CAPTURE(verb);
    // sent when the run has begun: its lock is there
    const ToolRun run = run_tool(folder, verb + " --quiet --out t & p=$!; until test -e '" +
                                             (folder / "t/.lock").string() +
                                             "'; do sleep 0.02; done; kill -INT $p; wait $p");
    CHECK(run.exit_code == 130);
    CHECK(contains(run.err, "stopped on request"));
    CHECK(run.out.empty());
    CHECK_FALSE(exists(folder, "t"));
  }
}

TEST_CASE("resume: SIGINT ends an update, saves and says how to go on; twice ends at once") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string command =
      "train r.toml --quiet --set train.updates=2000000 --set train.checkpoint_every=1000000 "
      "--out ";
  const std::string metrics_file = "'" + (folder / "t/metrics.jsonl").string() + "'";
  // Sent when the first lines are there: a busy machine may take a while to start the program.
  const ToolRun stopped =
      run_tool(folder, command + "t & p=$!; until test -f " + metrics_file + " && test $(wc -l < " +
                           metrics_file + ") -gt 50; do sleep 0.05; done; kill -INT $p; wait $p");
  CHECK(stopped.exit_code == 130);
  CHECK(contains(stopped.err, "the same command with --resume goes on"));
  CHECK(exists(folder, "t/checkpoint.bin"));
  CHECK_FALSE(exists(folder, "t/run.json"));
  CHECK_FALSE(exists(folder, "t/.lock"));
  // every update that was made is in the metrics, and the checkpoint is of the last one
  const std::string metrics = folder.read("t/metrics.jsonl");
  const auto lines = std::count(metrics.begin(), metrics.end(), '\n');
  CHECK(contains(stopped.err, "update " + std::to_string(lines - 1) + " of 2000000"));
  const ToolRun again = run_tool(folder, command +
                                             "t --resume & p=$!; sleep 0.5; "
                                             "while kill -INT $p 2>/dev/null; do :; done; "
                                             "wait $p");
  CHECK(again.exit_code == 130);
  // wherever that was: one of the two is whole
  CHECK((exists(folder, "t/checkpoint.bin") || exists(folder, "t/checkpoint.old.bin")));
}

#ifdef NEGPHASE_FAILING_DISK
TEST_CASE("resume: the older checkpoint serves where the newer one is damaged") {
  const TemporaryFolder folder;
  write_rbm(folder);
  REQUIRE(run_tool(folder, train + std::string("--out whole")).exit_code == 0);
  // the 3rd checkpoint is written, the 4th not yet
  int calls = 30;
  do {
    std::filesystem::remove_all(folder / "t");
    with_disk(folder, "kill:" + std::to_string(calls++), train + std::string("--out t"));
  } while (!exists(folder, "t/checkpoint.bin") || !exists(folder, "t/checkpoint.old.bin"));
  std::string bytes = folder.read("t/checkpoint.bin");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  folder.write("t/checkpoint.bin", bytes);
  const ToolRun run =
      run_tool(folder,
               "train r.toml --set train.updates=4 --set train.checkpoint_every=1 "
               "--set train.optimizer=adam --set train.batch=7 "
               "--set train.exact_nll_every=2 --set train.nll_chains=64 "
               "--set train.nll_steps=5 --set train.nll_warmup=20 --out t --resume");
  CHECK(run.exit_code == 0);
  CHECK(contains(run.err, "checksum does not fit"));
  CHECK(contains(run.err, "going on from checkpoint.old.bin"));
  check_same_result(folder, "t", "whole");
}

TEST_CASE("resume: what cannot be gone on with is refused, and stays as it is") {
  const TemporaryFolder folder;
  write_rbm(folder);
  int calls = 40;
  do {
    std::filesystem::remove_all(folder / "t");
    with_disk(folder, "kill:" + std::to_string(calls++), train + std::string("--out t"));
  } while (!exists(folder, "t/checkpoint.bin"));
  const std::string checkpoint = folder.read("t/checkpoint.bin");
  const auto refusal = [&](const std::string& more, int exit_code) {
    const ToolRun run = run_tool(folder, train + ("--out t " + more));
    CAPTURE(run.err);
    CHECK(run.exit_code == exit_code);
    CHECK(folder.read("t/checkpoint.bin") == checkpoint);
    return run.err;
  };
  CHECK(contains(refusal("", 3), "not over; --resume goes on"));
  CHECK(contains(refusal("--resume --seed 2", 3), "it has `seed = 1`, this one has `seed = 2`"));
  CHECK(contains(refusal("--resume --precision float", 3), "this one has `precision = float`"));
  CHECK(contains(refusal("--resume --set train.cd_k=2", 3), "this one has `cd_k = 2`"));
  const std::string data = folder.read("b.csv");
  folder.write("b.csv", data + "1,1,1,1\n");
  CHECK(contains(refusal("--resume", 3), "it has `data = "));
  folder.write("b.csv", data);
  folder.write("t/metrics.jsonl", "");
  CHECK(contains(refusal("--resume", 5), "has 0 bytes where"));
}
#endif

TEST_CASE("two runs never work in one folder") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string other = "cd '" + folder.path().string() + "'; '" NEGPHASE_TOOL "' ";
  const ToolRun first =
      run_tool(folder, "train r.toml --quiet --set train.updates=2000000 --out t & p=$!; " + other +
                           "--version; until test -s t/checkpoint.bin; do sleep 0.05; done; " +
                           other + "train r.toml --out t --resume; echo $? > second; " + other +
                           "sample r.toml --out t --force; echo $? > third; kill -INT $p; wait $p");
  CHECK(first.exit_code == 130);
  CHECK(folder.read("second") == "5\n");
  CHECK(folder.read("third") == "5\n");
  // the lock of a run that was killed binds nobody
  std::filesystem::remove_all(folder / "t");
  std::filesystem::create_directory(folder / "t");
  folder.write("t/.lock", "process 1 on elsewhere\n");
  CHECK(run_tool(folder, train + std::string("--out t")).exit_code == 0);
  CHECK(files_in(folder / "t") == whole_result);
}

TEST_CASE("--force leaves nothing of an earlier run, and nothing else alone") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string sample = "sample r.toml --set sample.draws=2 --out t --set sample.chains=";
  REQUIRE(run_tool(folder, sample + "3").exit_code == 0);
  folder.write("t/notes.txt", "mine");
  REQUIRE(run_tool(folder, sample + "2 --force").exit_code == 0);
  CHECK(files_in(folder / "t") == std::set<std::string>{"chain_1.csv", "chain_2.csv", "config.toml",
                                                        "draws.npy", "notes.txt", "pictures.json",
                                                        "run.json", "sample.json"});
}

#ifdef NEGPHASE_FAILING_DISK
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
#endif
