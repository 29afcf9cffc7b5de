#pragma once
#include <nlohmann/json_fwd.hpp>

#include "problem_file.hpp"

namespace negphase::tool {

/// What pictures.json holds (keys: apps/README.md): for one real y the energy along y on a few rows
/// of x with its exact density and draws of the sampler; for a y that [data] calls an image rows of
/// the data beside draws. What cannot be shown is null, with the reason; the run goes on. Seeds of
/// its own: no other number of the run changes. Small next to any run: a few rows, some hundred
/// steps, less where the model is large.
/// @param model    with the parameters to be shown
/// @param sampler  of the draws; nullptr: there are none
nlohmann::ordered_json make_pictures(const ProblemFile& file, const AnyModel& model,
                                     const AnySampler* sampler, const CommonArguments& common);

}  // namespace negphase::tool
