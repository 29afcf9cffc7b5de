#include "report_thinning.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <set>

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
using Indices = std::vector<std::size_t>;

// null stands for what is not finite
std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) {
    values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                     : value.get<double>());
  }
  return values;
}

double length(const std::vector<double>& values) {
  return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

Json picked(const Json& list, const Indices& which) {
  Json some = Json::array();
  for (const std::size_t i : which) {
    some.push_back(list.at(i));
  }
  return some;
}

// The `most` largest by absolute value, in their order.
Indices largest(const std::vector<double>& values, std::size_t most) {
  Indices order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto size = [&](std::size_t i) { return std::isnan(values[i]) ? -1 : std::abs(values[i]); };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return size(a) > size(b); });
  order.resize(std::min(most, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

// `most` of the numbers 0 .. count - 1, evenly, with the first and the last.
Indices evenly(std::size_t count, std::size_t most) {
  Indices some;
  const std::size_t size = std::min(count, most);
  for (std::size_t i = 0; i < size; ++i) {
    some.push_back(size == count ? i : i * (count - 1) / (size - 1));
  }
  return some;
}

// Half of the two-sided 95 % interval; null where a component has no standard error.
Json half_width(const Json& standard_error, const Json& degrees_of_freedom) {
  if (!standard_error.is_number()) {
    return nullptr;
  }
  const double se = standard_error.get<double>();
  const double dof = degrees_of_freedom.is_number() ? degrees_of_freedom.get<double>() : 0;
  if (se == 0) {
    return 0.0;
  }
  return dof > 0 ? Json(se * quantile(boost::math::students_t(dof), 0.975)) : Json();
}

void summarize_effective_size(Json& row) {
  std::vector<double> finite;
  for (const double size : numbers(row.at("effective_size"))) {
    if (std::isfinite(size)) {
      finite.push_back(size);
    }
  }
  row.erase("effective_size");
  std::sort(finite.begin(), finite.end());
  row["effective_size_min"] = finite.empty() ? Json() : Json(finite.front());
  row["effective_size_median"] = finite.empty() ? Json() : Json(finite[finite.size() / 2]);
}

Json thinned_row(Json row, const Indices& shown) {
  row["norm"] = length(numbers(row.at("mean")));
  row["noise"] = length(numbers(row.at("standard_error")));
  Json interval = Json::array();
  for (const std::size_t i : shown) {
    interval.push_back(
        half_width(row.at("standard_error").at(i), row.at("degrees_of_freedom").at(i)));
  }
  row["interval"] = std::move(interval);
  row["mean"] = picked(row.at("mean"), shown);
  row["standard_error"] = picked(row.at("standard_error"), shown);
  if (row.contains("z")) {
    row["z"] = picked(row.at("z"), evenly(row.at("z").size(), most_scores));
  }
  summarize_effective_size(row);
  for (const char* key : {"degrees_of_freedom", "positive", "negative"}) {
    row.erase(key);
  }
  return row;
}

void note_of_components(std::size_t shown, std::size_t count, std::vector<std::string>& notes) {
  if (shown < count) {
    notes.push_back(
        fmt::format("Of {} components of the gradient the {} largest are shown one by "
                    "one; every other figure is of all.",
                    count, shown));
  }
}

void cut_lists(Json& json, const std::string& name, std::vector<std::string>& notes) {
  if (json.is_array() && json.size() > most_list_entries) {
    notes.push_back(fmt::format("Of {} entries of {} the first {} are shown.", json.size(), name,
                                most_list_entries));
    json.erase(json.begin() + most_list_entries, json.end());
  }
  if (json.is_object()) {
    for (auto& [key, value] : json.items()) {
      cut_lists(value, key, notes);
    }
  }
}

std::vector<Json> whole_lines(const std::string& text) {
  std::vector<Json> lines;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos;
       begin = end + 1) {
    lines.push_back(Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                text.begin() + static_cast<std::ptrdiff_t>(end)));
    lines.back().at("update");  // it is an object, and one of ours
  }
  return lines;
}

Indices shown_updates(const std::vector<Json>& lines) {
  Indices exact;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].contains("exact_nll") || lines[i].contains("nll_change")) {
      exact.push_back(i);
    }
  }
  const Indices all = evenly(lines.size(), most_updates / 2);
  std::set<std::size_t> shown(all.begin(), all.end());
  for (const std::size_t i : evenly(exact.size(), most_updates / 2)) {
    shown.insert(exact[i]);
  }
  return {shown.begin(), shown.end()};
}

}  // namespace

Json thinned_gradient(const Json& gradient, std::vector<std::string>& notes) {
  Json result = gradient;
  const Json& names = gradient.at("parameters");
  const Json& rows = gradient.at("rows");
  const bool has_exact = gradient.at("exact").contains("mean");
  const Json none = Json::array();
  const Json& sizes =
      has_exact ? gradient.at("exact").at("mean") : (rows.empty() ? none : rows.at(0).at("mean"));
  const Indices shown = largest(numbers(sizes), most_components);
  result.erase("parameters");
  result["components"] = {{"count", names.size()}, {"names", picked(names, shown)}};
  if (has_exact) {
    Json& exact = result["exact"];
    result["components"]["exact"] = picked(sizes, shown);
    exact["norm"] = length(numbers(sizes));
    for (const char* key : {"mean", "positive", "negative"}) {
      exact.erase(key);
    }
  }
  for (Json& row : result["rows"]) {
    if (row.contains("z") && row.at("z").size() > most_scores) {
      notes.push_back(fmt::format("The z-scores of {} are {} of {}, evenly over the parameters.",
                                  row.at("label").get<std::string>(), most_scores,
                                  row.at("z").size()));
    }
    row = thinned_row(std::move(row), shown);
  }
  note_of_components(shown.size(), sizes.size(), notes);
  return result;
}

Json thinned_exact(const Json& exact, std::vector<std::string>& notes) {
  Json result = exact;
  const Json& gradient = exact.at(exact.at("mean").is_null() ? "negative" : "mean");
  const Indices shown = largest(numbers(gradient), most_components);
  result["components"] = {{"count", gradient.size()},
                          {"names", picked(exact.at("parameters"), shown)}};
  for (const char* key : {"mean", "positive", "negative"}) {
    result["components"][key] = exact.at(key).is_null() ? Json() : picked(exact.at(key), shown);
    result.erase(key);
  }
  result.erase("parameters");
  const std::vector<double> log_z = numbers(exact.at("log_z"));
  result["log_z_mean"] = std::accumulate(log_z.begin(), log_z.end(), 0.0) /
                         static_cast<double>(std::max<std::size_t>(1, log_z.size()));
  note_of_components(shown.size(), gradient.size(), notes);
  return thinned_lists(std::move(result), notes);
}

Json thinned_infer(Json infer, std::vector<std::string>& notes) {
  bool has_cut = false;
  for (Json& row : infer.at("rows")) {
    Json& minima = row.at("minima");
    has_cut = has_cut || minima.size() > most_minima;
    minima.erase(minima.begin() + static_cast<std::ptrdiff_t>(std::min(minima.size(), most_minima)),
                 minima.end());
    for (Json& minimum : minima) {
      Json place = Json::array();
      for (const char* key : {"y", "z"}) {
        for (const Json& value : minimum.at(key)) {
          if (place.size() < most_columns) {
            place.push_back(value);
          }
        }
        minimum.erase(key);
      }
      minimum.erase("model_y");
      minimum["place"] = std::move(place);
      const Json& curvature = minimum.at("curvature");
      minimum["curvature"] = curvature.empty() ? Json() : Json(curvature.at(0));
    }
  }
  if (has_cut) {
    notes.push_back(
        fmt::format("Of each row at most {} minima are shown, the lowest.", most_minima));
  }
  if (Json& columns = infer.at("columns"); columns.size() > most_columns) {
    notes.push_back(
        fmt::format("Of {} columns of a minimum the first {} are shown; infer.csv has all.",
                    columns.size(), most_columns));
    columns.erase(columns.begin() + most_columns, columns.end());
  }
  return thinned_lists(std::move(infer), notes);
}

Json thinned_lists(Json result, std::vector<std::string>& notes) {
  for (auto& [key, value] : result.items()) {
    if (key != "components") {
      cut_lists(value, key, notes);
    }
  }
  return result;
}

Json thinned_metrics(const std::string& text, std::vector<std::string>& notes) {
  const std::vector<Json> lines = whole_lines(text);
  Indices shown = evenly(lines.size(), most_updates);
  if (lines.size() > most_updates) {
    shown = shown_updates(lines);
    notes.push_back(fmt::format("Of {} updates {} are drawn, the first and the last among them.",
                                lines.size() - 1, shown.size() - 1));
  }
  Json columns = Json::object();
  for (const std::size_t i : shown) {
    for (const auto& [key, value] : lines[i].items()) {
      columns[key] = Json::array();
    }
  }
  for (auto& [key, column] : columns.items()) {
    for (const std::size_t i : shown) {
      column.push_back(lines[i].value(key, Json()));
    }
  }
  return {{"updates", lines.empty() ? Json(0) : lines.back().at("update")},
          {"columns", std::move(columns)}};
}

Json thinned_params(const std::vector<double>& params, std::vector<std::string>& notes) {
  const std::size_t every = (params.size() + most_params - 1) / most_params;
  Json values = Json::array();
  for (std::size_t i = 0; i < params.size(); i += std::max<std::size_t>(1, every)) {
    values.push_back(params[i]);
  }
  if (every > 1) {
    notes.push_back(
        fmt::format("One in {} of the {} parameters is in the histograms.", every, params.size()));
  }
  return {{"count", params.size()}, {"every", every}, {"values", std::move(values)}};
}

void round_numbers(Json& json) {
  if (json.is_number_float()) {
    json = std::strtod(fmt::format("{:.6g}", json.get<double>()).c_str(), nullptr);
  }
  if (json.is_structured()) {
    for (Json& child : json) {
      round_numbers(child);
    }
  }
}

}  // namespace negphase::tool
