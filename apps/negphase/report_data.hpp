#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace negphase::tool {

/// Throws IoError where there is no such folder, ConfigError where it holds no result.
void check_result_folder(const std::filesystem::path& folder);

/// What the report shows of a folder, an object for each result in it (of one verb, as a rule):
/// - `folder`, `verb`, `partial` (null, or in words why it is no whole result);
/// - `result`: the verb's JSON file, thinned (report_thinning.hpp); null for a training that is not
///   over; `run`: run.json; `config`: the text of config.toml; null where missing;
/// - `metrics`: of a training, `updates` and `columns` (a list for each key of metrics.jsonl);
///   `params`: `count`, `every`, `values`; `pictures`: pictures.json; null where missing;
/// - `notes`: what was thinned or left out, in words.
/// Numbers have 6 significant digits. Throws as check_result_folder(), and ConfigError, with the
/// place, where a file is damaged or was written by another version.
std::vector<nlohmann::ordered_json> read_results(const std::filesystem::path& folder);

}  // namespace negphase::tool
