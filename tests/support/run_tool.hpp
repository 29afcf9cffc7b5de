#pragma once
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "support/temporary_folder.hpp"

namespace negphase::test {

struct ToolRun {
  int exit_code = -1;
  std::string out, err;
};

/// Runs the real program in `folder` through the shell; `arguments` may hold redirections.
/// @param environment  "NAME=value ..." before the program
inline ToolRun run_tool(const TemporaryFolder& folder, const std::string& arguments,
                        const std::string& environment = "") {
  const TemporaryFolder streams;  // elsewhere, so that `folder` holds only what the program makes
  const std::string command = "cd '" + folder.path().string() + "' && " + environment +
                              " '" NEGPHASE_TOOL "' >'" + (streams / "out").string() + "' 2>'" +
                              (streams / "err").string() + "' </dev/null " + arguments;
  const int status = std::system(command.c_str());
  ToolRun run;
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.out = streams.read("out");
  run.err = streams.read("err");
  return run;
}

/// A small quartic problem with everything in order: m.toml and d.csv (20 rows).
inline void write_quartic(const TemporaryFolder& folder) {
  std::string rows = "x,y\n";
  for (int i = 0; i < 20; ++i) {
    rows += std::to_string(0.2 * i - 2) + "," + std::to_string((i * 7 % 20) * 0.2 - 2) + "\n";
  }
  folder.write("d.csv", rows);
  folder.write("m.toml", R"(seed = 1
[model]
name = "quartic"
params = [0.6, -0.4, 1.1, 0.2]
[data]
file = "d.csv"
x = "x"
y = "y"
[sampler]
name = "mala"
step_size = 0.1
[estimator]
name = "long_chains"
chains = 4
warmup = 50
draws = 50
)");
}

/// A small RBM, 4 x 2, on 30 rows of bits: r.toml and b.csv.
inline void write_rbm(const TemporaryFolder& folder) {
  std::string rows = "b0,b1,b2,b3\n";
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 4; ++j) {
      rows += std::string(j == 0 ? "" : ",") + ((i * 5 + j * 3) % 7 % 2 == 0 ? "1" : "0");
    }
    rows += "\n";
  }
  folder.write("b.csv", rows);
  folder.write("r.toml", R"(seed = 1
[model]
name = "rbm"
hidden = 2
params = [0.1, 0.2, 0.3, 0.4, 0.5, -0.6, 0.7, -0.8, 0, 0, 0, 0, 0, 0]
[data]
file = "b.csv"
y = "b0..b3"
[sampler]
name = "block_gibbs"
[estimator]
name = "long_chains"
)");
}

/// Three spins with couplings from a file and no params: i.toml, s.csv (8 rows) and c.csv.
inline void write_ising(const TemporaryFolder& folder) {
  folder.write("s.csv", "a,b,c\n1,1,-1\n-1,-1,1\n1,1,1\n1,-1,-1\n-1,1,1\n1,1,-1\n1,1,1\n-1,1,1\n");
  folder.write("c.csv", "i,j,J\n1,2,-0.5\n0,1,0.75\n");
  folder.write("i.toml", R"(seed = 1
[model]
name = "ising"
graph = "file"
couplings_file = "c.csv"
beta = 0.8
[data]
file = "s.csv"
y = "a..c"
[sampler]
name = "block_gibbs"
)");
}

/// Times differ from run to run; nothing else may.
inline void drop_timing(nlohmann::ordered_json& json) {
  if (json.is_object()) {
    json.erase("timing");
  }
  for (nlohmann::ordered_json& child : json) {
    if (child.is_structured()) {
      drop_timing(child);
    }
  }
}

}  // namespace negphase::test
