#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/run_tool.hpp"

// Models with latents and mixed y as the tool's user meets them: what they are refused with (lines
// of tests/README.md's table), and that an estimate stands beside the exact gradient.

using namespace negphase::test;

namespace {

void write_files(const TemporaryFolder& folder) {
  folder.write("d.csv",
               "x,y,kind,same\n0.5,1,a,k\n-1,-0.25,b,k\n0.25,0.75,c,k\n1.5,-1,a,k\n-0.5,0.5,b,k\n");
  folder.write("l.toml",
               "[model]\nname = \"mlp\"\nhidden = 3\nlatent_states = 2\n"
               "[data]\nfile = \"d.csv\"\nx = \"x\"\ny = \"y\"\n"
               "[sampler]\nname = \"metropolis_within_gibbs\"\nstep_size = 0.5\n"
               "[estimator]\nname = \"long_chains\"\nchains = 8\nwarmup = 50\ndraws = 50\n"
               "[train]\ngradient = \"exact\"\nupdates = 2\n");
  folder.write("g.toml",
               "[model]\nname = \"gaussian_rbm\"\nhidden = 2\n"
               "[data]\nfile = \"d.csv\"\ny = [\"x\", \"y\"]\n"
               "[sampler]\nname = \"metropolis_within_gibbs\"\nstep_size = 0.5\n"
               "[estimator]\nname = \"long_chains\"\nchains = 64\nwarmup = 50\ndraws = 50\n"
               "[train]\ngradient = \"exact\"\nupdates = 2\n");
}

std::string readme() {
  std::ifstream file(SOURCE_ROOT "/tests/README.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("bad input: latents and mixed y") {
  const TemporaryFolder folder;
  write_files(folder);
  struct BadInput {
    std::string what, arguments;
    std::vector<std::string> message;
  };
  const BadInput all[] = {
      {"mlp: a latent of one state",
       "train l.toml --out t --set model.latent_states=1",
       {"latent_states = 1", "0 for none, or at least 2"}},
      {"mlp: negative latents",
       "train l.toml --out t --set model.latent_reals=-1",
       {"'latent_reals' = -1", ">= 0"}},
      {"mlp: a label that never varies",
       "train l.toml --out t --set 'data.y=[\"y\",\"same\"]' --set 'data.labels=[\"same\"]'",
       {"'same'", "has one label"}},
      {"mlp: a latent category for Langevin",
       "gradient l.toml --set model.params=params.npy --set 'sampler={name=\"mala\"}'",
       {"'mala' cannot be used here", "column 1 is not real"}},
      {"gaussian_rbm: data with x",
       "train g.toml --out t --set data.x=x --set 'data.y=[\"y\"]'",
       {"'gaussian_rbm'", "no x column"}},
      {"gaussian_rbm: no number of hidden units",
       "train g.toml --out t --set 'model={name=\"gaussian_rbm\"}'",
       {"hidden"}},
      {"gaussian_rbm: a variance that is none",
       "gradient g.toml --set 'model.params=[0,0,0,0,0,0,0,0,0,800]'",
       {"log_variance[1] = 800", "finite numbers > 0"}},
  };
  REQUIRE(run_tool(folder, "train l.toml --out l").exit_code == 0);
  std::filesystem::copy_file(folder / "l/params.npy", folder / "params.npy");
  const std::string documented = readme();
  for (const BadInput& bad : all) {
    CAPTURE(bad.what);
    std::string line = "| " + bad.what + " | 3 | ";
    for (const std::string& part : bad.message) {
      line += (&part == &bad.message.front() ? "" : ", ") + part;
    }
    CHECK(contains(documented, line + " |\n"));
    const ToolRun run = run_tool(folder, bad.arguments);
    CAPTURE(run.err);
    CHECK(run.exit_code == 3);
    CHECK(run.out.empty());
    for (const std::string& part : bad.message) {
      CHECK(contains(run.err, part));
    }
    CHECK_FALSE(std::filesystem::exists(folder / "t"));
  }
}

TEST_CASE("models with latents train, and their gradients stand beside the exact ones") {
  const TemporaryFolder folder;
  write_files(folder);
  for (const std::string name : {"l", "g"}) {
    CAPTURE(name);
    const ToolRun trained = run_tool(folder, "train " + name + ".toml --out " + name);
    CAPTURE(trained.err);
    REQUIRE(trained.exit_code == 0);
    const ToolRun run = run_tool(folder, "gradient " + name + "/trained.toml");
    CAPTURE(run.err);
    CHECK(run.exit_code == 0);
    CHECK(contains(run.out,
                   name == "l" ? "exact gradient by quadrature" : "exact gradient by layer_sum"));
  }
  // a label beside a number, both moved by one sampler
  const ToolRun mixed = run_tool(
      folder,
      "train l.toml --out m --set 'data.y=[\"y\",\"kind\"]' --set 'data.labels=[\"kind\"]' "
      "--set train.gradient=pcd --set train.chains_per_row=2");
  CAPTURE(mixed.err);
  CHECK(mixed.exit_code == 0);
  // nothing but a label: a softmax
  const ToolRun label =
      run_tool(folder, "train l.toml --out s --set data.y=kind --set 'data.labels=[\"kind\"]'");
  CAPTURE(label.err);
  CHECK(label.exit_code == 0);
  CHECK(contains(label.out, "exact, by enumeration"));
}
#endif
