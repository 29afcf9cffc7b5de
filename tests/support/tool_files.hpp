#pragma once
#include <string>

#include "support/temporary_folder.hpp"

// Configurations that several tests of the tool run, beside those of run_tool.hpp.
namespace negphase::test {

/// A problem of a suite on the data of write_quartic(), up to its estimator.
inline std::string quartic_suite_problem(const std::string& name) {
  return R"([[problem]]
name = ")" +
         name + R"("
[problem.model]
name = "quartic"
params = [0.6, -0.4, 1.1, 0.2]
[problem.data]
file = "d.csv"
x = "x"
y = "y"
[problem.sampler]
name = "mala"
step_size = 0.1
[problem.estimator]
name = "long_chains"
chains = 4
warmup = 50
draws = 40
)";
}

/// m.toml: a Potts model of the labels "color" and "size" in d.csv.
/// @param of_model  more keys of [model]  @param sections  what follows [sampler]
inline void write_potts_of_labels(const TemporaryFolder& folder, const std::string& of_model,
                                  const std::string& sections) {
  folder.write("m.toml", R"(seed = 1
[model]
name = "potts"
)" + of_model + R"([data]
file = "d.csv"
header = true
y = ["color", "size"]
labels = ["color", "size"]
[sampler]
name = "single_flip"
)" + sections);
}

/// v.toml: a Boltzmann machine of 16 votes in the 232 rows of house_votes that miss none, trained
/// exactly with the weight decay `l2`.
inline void write_votes(const TemporaryFolder& folder, const std::string& l2) {
  folder.write("v.toml", R"([model]
name = "boltzmann"
[data]
file = ")" TEST_DATA_DIR R"(/house_votes/house_votes_84.csv"
y = "handicapped_infants..export_act_south_africa"
missing = "drop"
[train]
gradient = "exact"
optimizer = "lbfgs"
batch = 232
l2 = )" + l2 + "\n");
}

}  // namespace negphase::test
