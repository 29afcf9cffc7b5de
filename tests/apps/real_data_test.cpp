#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "support/tool_files.hpp"
#include "support/tool_json.hpp"

// Training on real data in the real program against the best pairwise models, found elsewhere by
// full enumeration and L-BFGS until the gradient was below 2e-7.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

// 15 neurons, rows 1 to 30000; no penalty
constexpr double neurons_nll = 4.473903033188258, neurons_test_nll = 4.526560418420344;
// 16 votes of 232 representatives, penalty (0.01 / 2) |W|^2; the NLL is that without it
constexpr double votes_nll = 6.780034300900124;

void write_neurons(const TemporaryFolder& folder) {
  folder.write("n.toml", R"([model]
name = "boltzmann"
[data]
file = ")" TEST_DATA_DIR R"(/neurons/spikes15.csv.gz"
header = false
y = "1..15"
rows = "1..30000"
test = "30001..40000"
[sampler]
name = "block_gibbs"
[train]
batch = 30000
)");
}

Json trained(const TemporaryFolder& folder, const std::string& arguments) {
  return json_of_run(folder, "train " + arguments + " --out t --force --quiet");
}

}  // namespace

TEST_CASE("neurons: the exact gradient and L-BFGS reach the best NLL") {
  const TemporaryFolder folder;
  write_neurons(folder);
  const Json json = trained(folder,
                            "n.toml --set train.gradient=exact --set train.optimizer=lbfgs "
                            "--set train.updates=1000 --set train.init_scale=0.0");
  CHECK(json["converged"] == true);
  // one-sided: two of the neurons never fire together, so the minimum lies at infinity
  CHECK(json["nll"]["after"].get<double>() <= neurons_nll + 1e-6);
  // at |gradient| <= 1e-8 sqrt(120) both are within 1e-7 |W - W'| of the minimum, |W - W'| < 10
  CHECK(std::abs(json["test_nll"]["after"].get<double>() - neurons_test_nll) < 1e-6);
}

TEST_CASE("neurons: persistent chains come within 1e-3 nats of the best NLL") {
  const TemporaryFolder folder;
  write_neurons(folder);
  const Json json = trained(
      folder,
      "n.toml --seed 1 --set train.optimizer=adam --set train.updates=3000 --set train.chains=1024 "
      "--set train.learning_rate=0.1 --set train.learning_rate_end=0.0005");
  CHECK(json["nll"]["after"].get<double>() <= neurons_nll + 1e-3);
  // CD-1 with everything else the same is biased beyond it
  const Json cd = trained(
      folder,
      "n.toml --seed 1 --set train.optimizer=adam --set train.updates=500 --set train.gradient=cd "
      "--set train.learning_rate=0.1 --set train.learning_rate_end=0.0005");
  CHECK(cd["nll"]["after"].get<double>() > neurons_nll + 1e-3);
}

TEST_CASE("votes: rows with missing votes dropped, the penalised minimum has the known NLL") {
  const TemporaryFolder folder;
  write_votes(folder, "0.01");

  const Json json = trained(folder, "v.toml");
  CHECK(json["problem"]["data"]["train_rows"] == 232);
  CHECK(json["problem"]["data"]["dropped_rows"] == 203);
  CHECK(json["converged"] == true);
  // the reference's gradient is below 4e-8, over 136 parameters of at most 7 together
  CHECK(std::abs(json["nll"]["after"].get<double>() - votes_nll) < 1e-6);
  // half the penalty is another minimum
  CHECK(std::abs(trained(folder, "v.toml --set train.l2=0.005")["nll"]["after"].get<double>() -
                 votes_nll) > 1e-2);
}
#endif
