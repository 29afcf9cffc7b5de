#pragma once
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "negphase/gradient/free_energies.hpp"
#include "negphase/inference/minima.hpp"
#include "problem_file.hpp"

namespace negphase::tool {

/// What infer's pictures.json holds (keys: apps/README.md): for one real y the energy along y, z
/// summed or minimised out, on at most 6 of the rows, over a range that holds the minima and the
/// row's own y. null where there is none, with the reason in `why_not`. Cost: 201 energies a row.
/// @param found  of the first rows of the problem
/// @param latents  what the minima were found by
nlohmann::ordered_json inference_pictures(const ProblemFile& file,
                                          const std::vector<RowMinima>& found, LatentRule latents,
                                          const Executor& executor);

}  // namespace negphase::tool
