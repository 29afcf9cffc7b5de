#include "diagnosis.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "text_table.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
using Eigen::Index;
constexpr std::size_t most_rows = 20, worst_rows = 5;

struct NamedFigure {
  const char* name;
  double ChainFigures::*value;
};

constexpr std::array<NamedFigure, 23> figures{
    {{"mean", &ChainFigures::mean},
     {"mcse_mean", &ChainFigures::mcse_mean},
     {"sd", &ChainFigures::sd},
     {"mcse_sd", &ChainFigures::mcse_sd},
     {"quantile_05", &ChainFigures::quantile_05},
     {"quantile_50", &ChainFigures::quantile_50},
     {"quantile_95", &ChainFigures::quantile_95},
     {"mcse_q05", &ChainFigures::mcse_q05},
     {"mcse_median", &ChainFigures::mcse_median},
     {"mcse_q95", &ChainFigures::mcse_q95},
     {"rhat", &ChainFigures::rhat},
     {"rhat_rank_bulk", &ChainFigures::rhat_rank_bulk},
     {"rhat_rank_folded", &ChainFigures::rhat_rank_folded},
     {"rhat_split", &ChainFigures::rhat_split},
     {"rhat_unsplit", &ChainFigures::rhat_unsplit},
     {"ess_bulk", &ChainFigures::ess_bulk},
     {"ess_tail", &ChainFigures::ess_tail},
     {"ess_mean", &ChainFigures::ess_mean},
     {"ess_sd", &ChainFigures::ess_sd},
     {"ess_q05", &ChainFigures::ess_q05},
     {"ess_median", &ChainFigures::ess_median},
     {"ess_q95", &ChainFigures::ess_q95},
     {"ess_unsplit", &ChainFigures::ess_unsplit}}};

std::string flags_of(const ChainFigures& f) {
  std::string all;
  for (const std::string& flag : f.flags) {
    all += (all.empty() ? "" : " ") + flag;
  }
  return all;
}

std::vector<Index> rows_of(const Diagnosis& d) {
  if (d.figures.size() > most_rows) {
    return worst_quantities(d.figures, worst_rows);
  }
  std::vector<Index> all(d.figures.size());
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

Json from_one(const std::vector<Index>& chains) {
  Json all = Json::array();
  for (const Index c : chains) {
    all.push_back(c + 1);
  }
  return all;
}

Json json_states(const RepeatedStates& states) {
  Json json{{"all_equal", states.all_equal},
            {"frozen", from_one(states.frozen)},
            {"stuck", Json::array()},
            {"identical", Json::array()}};
  for (const auto& s : states.stuck) {
    json["stuck"].push_back({{"chain", s.chain + 1}, {"first", s.first + 1}, {"draws", s.length}});
  }
  for (const auto& p : states.identical) {
    json["identical"].push_back(
        {{"chains", {p.earlier + 1, p.later + 1}}, {"from_draw", p.from + 1}});
  }
  return json;
}

Json json_quantity(const std::string& name, const RankTests& tests) {
  Json json{{"name", name},
            {"frozen", from_one(tests.frozen)},
            {"drifts", Json::array()},
            {"apart", Json::array()},
            {"periods", Json::array()}};
  for (const Drift& drift : tests.drifts) {
    json["drifts"].push_back({{"chain", drift.chain < 0 ? Json() : Json(drift.chain + 1)},
                              {"of", drift.of_spread ? "spread" : "location"},
                              {"share", drift.share}});
  }
  for (const Apart& apart : tests.apart) {
    json["apart"].push_back({{"chain", apart.chain + 1}, {"share", apart.share}});
  }
  for (const Period& period : tests.periods) {
    json["periods"].push_back(
        {{"chain", period.chain + 1}, {"draws", period.lag}, {"correlation", period.correlation}});
  }
  return json;
}

bool is_empty(const RankTests& t) {
  return t.frozen.empty() && t.drifts.empty() && t.apart.empty() && t.periods.empty();
}

}  // namespace

Diagnosis diagnose(ChainDraws draws, SamplerFacts facts, const Executor& executor, double level) {
  Diagnosis d{std::move(draws), std::move(facts), {}, {}, {}};
  d.figures = chain_figures(d.draws, executor);
  d.behaviour = examine_behaviour(d.draws, d.facts, executor, level);
  d.verdict = judge(d.draws, d.figures, d.behaviour, d.facts);
  return d;
}

std::string figures_table(const Diagnosis& d) {
  const std::vector<Index> rows = rows_of(d);
  const auto row = [&](std::size_t i) -> const ChainFigures& {
    return d.figures[static_cast<std::size_t>(rows[i])];
  };
  const auto column = [&](const char* upper, const char* lower, double ChainFigures::*value,
                          int digits) {
    return TextColumn{upper, lower, [&row, value, digits](std::size_t i) {
                        return number(row(i).*value, digits);
                      }};
  };
  std::vector<TextColumn> columns{
      {"", "", [&](std::size_t i) { return d.draws.names[static_cast<std::size_t>(rows[i])]; }},
      column("", "mean", &ChainFigures::mean, 5),
      column("", "MCSE", &ChainFigures::mcse_mean, 2),
      column("", "sd", &ChainFigures::sd, 4),
      column("", "5 %", &ChainFigures::quantile_05, 4),
      column("", "50 %", &ChainFigures::quantile_50, 4),
      column("", "95 %", &ChainFigures::quantile_95, 4),
      column("ESS", "bulk", &ChainFigures::ess_bulk, 4),
      column("ESS", "tail", &ChainFigures::ess_tail, 4),
      column("", "R-hat", &ChainFigures::rhat, 4)};
  if (std::any_of(d.figures.begin(), d.figures.end(),
                  [](const ChainFigures& f) { return !f.flags.empty(); })) {
    columns.push_back({"", "flags", [&](std::size_t i) { return flags_of(row(i)); }});
  }
  std::string text = text_table(columns, rows.size());
  if (rows.size() < d.figures.size()) {
    text += fmt::format("(the worst {} of {} quantities: --json or --out has them all)\n",
                        rows.size(), d.figures.size());
  }
  return text;
}

std::string sampler_line(const Diagnosis& d) {
  const SamplerFigures& s = d.behaviour.sampler;
  std::vector<std::string> parts;
  if (std::isfinite(s.acceptance)) {
    parts.push_back(fmt::format("acceptance {:.3g}", s.acceptance));
  }
  if (std::isfinite(s.jump)) {
    parts.push_back(fmt::format("squared jumps {:.3g} of independent draws'", s.jump));
  }
  if (!s.ebfmi.empty()) {
    parts.push_back(
        fmt::format("E-BFMI at least {:.3g}", *std::min_element(s.ebfmi.begin(), s.ebfmi.end())));
  }
  if (s.divergent > 0) {
    parts.push_back(fmt::format("{} divergences", s.divergent));
  }
  std::string line;
  for (const std::string& part : parts) {
    line += (line.empty() ? "" : ", ") + part;
  }
  return line.empty() ? "" : line + "\n";
}

std::string verdict_text(const Verdict& verdict) {
  std::string text = paragraph(verdict.summary);
  for (const Warning& w : verdict.warnings) {
    text += paragraph((w.is_failed_check ? "FAILED: " : "note: ") + w.text);
  }
  return text;
}

Json json_verdict(const Verdict& verdict) {
  return {{"good", verdict.is_good()}, {"summary", verdict.summary}};
}

Json json_figures(const Diagnosis& d) {
  Json all = Json::array();
  for (std::size_t j = 0; j < d.figures.size(); ++j) {
    Json one{{"name", d.draws.names[j]}};
    for (const NamedFigure& figure : figures) {
      const double value = d.figures[j].*figure.value;
      one[figure.name] = std::isfinite(value) ? Json(value) : Json();
    }
    one["flags"] = d.figures[j].flags;
    all.push_back(std::move(one));
  }
  return all;
}

Json json_behaviour(const Diagnosis& d) {
  const SamplerFigures& s = d.behaviour.sampler;
  const auto known = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json json{{"states", json_states(d.behaviour.states)}, {"quantities", Json::array()}};
  for (std::size_t j = 0; j < d.behaviour.quantities.size(); ++j) {
    if (!is_empty(d.behaviour.quantities[j])) {
      json["quantities"].push_back(json_quantity(d.draws.names[j], d.behaviour.quantities[j]));
    }
  }
  json["sampler"] = {{"acceptance", known(s.acceptance)},
                     {"squared_jump", known(s.jump)},
                     {"ebfmi", Json(s.ebfmi)},
                     {"divergent", s.divergent},
                     {"at_most_treedepth", known(s.at_most_depth)}};
  return json;
}

}  // namespace negphase::tool
