#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace negphase::tool {

/// What a page shows at most.
inline constexpr std::size_t most_components = 300;     ///< of the gradient, one by one
inline constexpr std::size_t most_scores = 5000;        ///< z-scores of a row of the comparison
inline constexpr std::size_t most_list_entries = 1000;  ///< of any other list
inline constexpr std::size_t most_updates = 1000;       ///< of a training's metrics
inline constexpr std::size_t most_minima = 50;          ///< of a row of infer
inline constexpr std::size_t most_columns = 8;          ///< of a minimum
inline constexpr std::size_t most_params = 50000;

/// gradient.json as the page takes it. Beside what it has: `components` (`count`, `names`, `exact`:
/// the most_components that are largest, in their order), in each row `mean`, `standard_error` and
/// `interval` (half the width of the 95 % interval, by Student's t) of these, all of `z` up to
/// most_scores, and `norm`, `noise` (lengths of mean and standard error), `effective_size_min`,
/// `effective_size_median` in the place of lists over all parameters. Appends to `notes` what is
/// left out. Throws nlohmann's exceptions where the file has not this form.
nlohmann::ordered_json thinned_gradient(const nlohmann::ordered_json& gradient,
                                        std::vector<std::string>& notes);

/// exact.json: the parameters with the largest gradient, as `components` with `mean`; lists of log
/// Z and of y's moments cut after most_list_entries.
nlohmann::ordered_json thinned_exact(const nlohmann::ordered_json& exact,
                                     std::vector<std::string>& notes);

/// infer.json: of each row the most_minima lowest, and of their y and z the first most_columns;
/// without `model_y`, and of the curvature the least eigenvalue only.
nlohmann::ordered_json thinned_infer(nlohmann::ordered_json infer, std::vector<std::string>& notes);

/// Any other result: lists cut after most_list_entries.
nlohmann::ordered_json thinned_lists(nlohmann::ordered_json result,
                                     std::vector<std::string>& notes);

/// metrics.jsonl by columns: the first and the last line, half of the others evenly over all lines,
/// half evenly over those that know the exact NLL. A last line without end is left out.
nlohmann::ordered_json thinned_metrics(const std::string& lines, std::vector<std::string>& notes);

/// At most most_params of them, every k-th.
nlohmann::ordered_json thinned_params(const std::vector<double>& params,
                                      std::vector<std::string>& notes);

/// Every number with a point to 6 significant digits.
void round_numbers(nlohmann::ordered_json& json);

}  // namespace negphase::tool
