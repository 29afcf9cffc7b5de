#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "demo.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return all;
}

double norm(const Json& values) {
  double sum = 0;
  for (const Json& value : values) {
    sum += value.is_number() ? value.get<double>() * value.get<double>() : 0;
  }
  return std::sqrt(sum);
}

/// Error and error bar of a row, both as a share of the exact gradient's length.
struct RowError {
  std::string label;
  double error = 0, claimed = 0;
  const Json* json = nullptr;
  double ratio() const { return error / claimed; }
};

std::vector<RowError> errors_of(const Json& gradient) {
  std::vector<RowError> all;
  if (gradient["exact"]["method"].is_null()) {
    return all;
  }
  const double exact = norm(gradient["exact"]["mean"]);
  for (const Json& row : gradient["rows"]) {
    if (row["relative_error"].is_number() && !row["sampler"].is_null()) {
      all.push_back(
          {row["label"], row["relative_error"], norm(row["standard_error"]) / exact, &row});
    }
  }
  return all;
}

// Two digits that count, and no exponent below a million.
std::string percent(double share) {
  const double value = 100 * share;
  return value < 9.95 ? fmt::format("{:.2g}", value) : fmt::format("{:.0f}", value);
}

std::string number(const Json& value, int digits) {
  const double v = value.is_number() ? value.get<double>() : std::nan("");
  return std::isfinite(v) ? fmt::format("{:.{}g}", v, digits) : "-";
}

// "12 k": effective draws a second.
std::string count(const Json& value) {
  const double v = value.is_number() ? value.get<double>() : std::nan("");
  if (!std::isfinite(v)) {
    return "-";
  }
  return v < 1e3   ? fmt::format("{:.3g}", v)
         : v < 1e6 ? fmt::format("{:.3g} k", v / 1e3)
                   : fmt::format("{:.3g} M", v / 1e6);
}

std::string nll(const Json& value) {
  const double v = value.is_number() ? value.get<double>() : std::nan("");
  return std::isfinite(v) ? fmt::format("{:.3f}", v) : "-";
}

// Places of the peaks that are at least a tenth of the highest.
std::vector<std::size_t> peaks_of(const Json& density) {
  std::vector<double> p = density.get<std::vector<double>>();
  const double highest = *std::max_element(p.begin(), p.end());
  std::vector<std::size_t> peaks;
  for (std::size_t i = 1; i + 1 < p.size(); ++i) {
    if (p[i] > p[i - 1] && p[i] >= p[i + 1] && p[i] > highest / 10) {
      peaks.push_back(i);
    }
  }
  return peaks;
}

double share_of_highest(const Json& profile) {
  double highest = 0;
  for (const Json& value : profile["density"]) {
    highest = std::max(highest, value.get<double>());
  }
  return profile["regression"]["model_density_at_mean"].get<double>() / highest;
}

}  // namespace

std::string nll_table(const Json& train) {
  const bool has_test = train.contains("test_nll");
  const auto line = [&](const char* what, const Json& rows, const Json& test) {
    return fmt::format("  {:<24}{:>10}{}\n", what, nll(rows),
                       has_test ? fmt::format("{:>12}", nll(test)) : "");
  };
  const Json none, test = has_test ? train["test_nll"] : Json{{"before", none}, {"after", none}};
  std::string text = fmt::format("  {:<24}{:>10}{}\n", "mean NLL, exact", "trained on",
                                 has_test ? fmt::format("{:>12}", "held out") : "");
  text += line("before the training", train["nll"].value("before", none), test["before"]);
  text += line("after it", train["nll"].value("after", none), test["after"]);
  if (!train["baseline"].is_null()) {
    text += line("Gaussian regression", train["baseline"]["nll"], train["baseline"]["test_nll"]);
  }
  return text;
}

std::string gradient_table(const Json& gradient) {
  std::string text = fmt::format("{:<14}{:>10}{:>13}{:>8}{:>13}{:>9}{:>10}\n", "", "error",
                                 "error bar", "rms z", "acceptance", "ESS/s", "seconds");
  for (const RowError& row : errors_of(gradient)) {
    const Json& timing = (*row.json)["timing"];
    text += fmt::format(
        "  {:<12}{:>8} %{:>11} %{:>8}{:>13}{:>9}{:>10.2f}\n", row.label, percent(row.error),
        percent(row.claimed), number((*row.json)["rms_z"], 3), number((*row.json)["acceptance"], 2),
        count(timing["effective_per_second_median"]), timing["seconds"].get<double>());
  }
  return text;
}

std::string verdict(const Json& gradient) {
  std::vector<std::string> wrong, right;
  RowError furthest;
  for (const RowError& row : errors_of(gradient)) {
    if (row.error > 4 * row.claimed) {
      wrong.push_back(row.label);
      furthest = furthest.json == nullptr || row.ratio() > furthest.ratio() ? row : furthest;
    } else if (row.error < 2 * row.claimed) {
      right.push_back(row.label);
    }
  }
  std::string text;
  if (!right.empty()) {
    text += fmt::format("True error bars: {}. ", joined(right));
  }
  if (!wrong.empty()) {
    text += fmt::format(
        "Not true: {}. {} is off by {} % of the gradient, and its error bar says {} %.",
        joined(wrong), furthest.label, percent(furthest.error), percent(furthest.claimed));
  }
  return text;
}

std::string valleys(const Json& pictures) {
  if (pictures["profiles"].is_null()) {
    return "";
  }
  const Json& all = pictures["profiles"]["rows"];
  const Json* lowest = nullptr;
  for (const Json& row : all) {
    const bool lower = lowest == nullptr || (!row["regression"].is_null() &&
                                             share_of_highest(row) < share_of_highest(*lowest));
    lowest = !row["regression"].is_null() && lower ? &row : lowest;
  }
  if (lowest == nullptr) {
    return "";
  }
  const Json &regression = (*lowest)["regression"], &density = (*lowest)["density"];
  const std::string y = pictures["profiles"]["y"];
  std::string text = fmt::format(
      "At {} = {:g} the Gaussian regression says {} = {:.4g} +- {:.2g}, and gives that value a "
      "density of {:.2g}; the energy gives it {:.2g}. The energy's own answers: ",
      pictures["profiles"]["x"][0].get<std::string>(), (*lowest)["x"][0].get<double>(), y,
      regression["mean"].get<double>(), regression["standard_deviation"].get<double>(),
      regression["density_at_mean"].get<double>(),
      regression["model_density_at_mean"].get<double>());
  std::vector<std::string> peaks;
  for (const std::size_t i : peaks_of(density)) {
    peaks.push_back(fmt::format("{:.4g} (density {:.2g})", (*lowest)["y"][i].get<double>(),
                                density[i].get<double>()));
  }
  return text + joined(peaks) + ".";
}

std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=,:@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
    return word;
  }
  std::string all = "'";
  for (const char c : word) {
    all += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return all + "'";
}

}  // namespace negphase::tool
