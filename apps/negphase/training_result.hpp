#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "negphase/gradient/training.hpp"
#include "nll_watch.hpp"
#include "problem_file.hpp"
#include "results.hpp"

namespace negphase::tool {

/// What a conditional model of real y is held against: mean NLL of a Gaussian regression on the
/// rows to train on, and on those held out.
struct Baseline {
  double nll = 0;
  std::optional<double> test_nll;
};

/// A training as it stands, and what is to be said of it.
struct Training {
  const ProblemFile& loaded;
  const CommonArguments& common;
  Options options;
  std::optional<AnySampler> sampler;
  Trainer trainer;
  NllWatch watch;
  std::optional<NllWatch> test_watch;  ///< of the rows held out, if any
  std::optional<Baseline> baseline = {};
  nlohmann::ordered_json first = {}, last = {};  ///< lines of metrics.jsonl
  std::vector<Warning> warnings = {};
  double seconds = 0;
};

/// Share of the proposals that were accepted; NaN where no kernel of the run ever rejects.
double acceptance(const RunCounts& counts);

/// Fills `warnings` when all updates are done.
void collect_warnings(Training& training);

/// As printed.
std::string text_of(const Training& training, const ResultFolder& results);
/// train.json, as apps/README.md documents it.
nlohmann::ordered_json json_of(const Training& training, const ResultFolder& results);

}  // namespace negphase::tool
