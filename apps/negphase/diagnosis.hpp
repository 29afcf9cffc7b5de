#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "negphase/diagnostics/verdict.hpp"

namespace negphase::tool {

/// Draws with all that is found out about them.
struct Diagnosis {
  ChainDraws draws;
  SamplerFacts facts;
  std::vector<ChainFigures> figures;
  Behaviour behaviour;
  Verdict verdict;
};

/// @param level  of false alarms of the behaviour, where several diagnoses share one
Diagnosis diagnose(ChainDraws draws, SamplerFacts facts, const Executor& executor,
                   double level = behaviour_level);

/// The columns of stansummary, R-hat and flags: all quantities, or the worst five where there are
/// more than twenty.
std::string figures_table(const Diagnosis& d);
/// What the sampler did, on one line; "" where nothing is known.
std::string sampler_line(const Diagnosis& d);
/// The summary and a paragraph for each warning.
std::string verdict_text(const Verdict& verdict);

/// `good` and `summary`.
nlohmann::ordered_json json_verdict(const Verdict& verdict);
/// Every figure of every quantity.
nlohmann::ordered_json json_figures(const Diagnosis& d);
/// What behaves in which way: lists over chains, from 1.
nlohmann::ordered_json json_behaviour(const Diagnosis& d);

}  // namespace negphase::tool
