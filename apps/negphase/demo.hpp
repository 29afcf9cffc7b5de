#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace negphase::tool {

// What the demo says of results, made of their JSON objects alone.

/// Mean NLL of a trained model, exact, beside that of a Gaussian regression where there is one.
/// @param train  train.json
std::string nll_table(const nlohmann::ordered_json& train);

/// A line for each row of gradient.json that draws: error and error bar as a share of the exact
/// gradient's length, rms z, acceptance, effective draws a second (median component), seconds.
std::string gradient_table(const nlohmann::ordered_json& gradient);

/// Of the profile (pictures.json) on which the model's density at the regression's mean is lowest
/// compared with its largest: both laws there. "" where there is no such profile.
std::string valleys(const nlohmann::ordered_json& pictures);

/// Sentences on whose error bars in gradient.json are true (the error is within twice what they
/// claim) and whose are not (beyond four times), the furthest one with its figures.
std::string verdict(const nlohmann::ordered_json& gradient);

/// How a word is written in a shell.
std::string quoted(const std::string& word);

}  // namespace negphase::tool
