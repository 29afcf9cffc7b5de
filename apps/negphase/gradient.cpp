#include <fmt/core.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "comparison.hpp"
#include "negphase/io/files.hpp"
#include "output.hpp"
#include "pictures.hpp"
#include "report.hpp"
#include "results.hpp"
#include "signals.hpp"
#include "verb_result.hpp"

namespace negphase::tool {

namespace {

// After run.json: a page that cannot be written leaves a whole result.
// By the first row's sampler.
std::string pictures_of(const Comparison& comparison, const CommonArguments& common) {
  const AnySampler* sampler = nullptr;
  for (const PlannedRow& row : comparison.rows) {
    if (sampler == nullptr && row.sampler) {
      sampler = &*row.sampler;
    }
  }
  const ProblemFile& file = comparison.file;
  return make_pictures(file, file.problem.model, sampler, common).dump() + "\n";
}

}  // namespace

VerbResult gradient_result(const std::string& file, const CommonArguments& common) {
  const auto begin = std::chrono::steady_clock::now();
  Executor executor(common.threads);
  executor.stop_on(stop_token());
  Comparison comparison = plan_comparison(file, common, executor);
  ResultFolder results(common);
  run_comparison(comparison, common, executor);
  nlohmann::ordered_json object = to_json(comparison, common);
  const std::string json = object.dump(2) + "\n";
  if (comparison.stopped_of > 0) {  // what was done is shown and kept, but is no whole result
    results.begin();
    if (results.wanted()) {
      write_file_atomically(results.file("gradient.json"), json);
    }
    write_report_if_wanted(results, common);
    print(common.json ? json : format_table(comparison));
    flush_output();
    throw Stopped(fmt::format("stopped on request after {} of {} rows", comparison.rows.size(),
                              comparison.stopped_of));
  }
  if (results.wanted()) {
    RunFacts facts{.verb = "gradient", .threads = executor.threads()};
    for (const GradientEstimate& e : comparison.estimates) {
      facts.energy_evaluations += e.energy_evaluations;
      facts.gradient_evaluations += e.gradient_evaluations;
      facts.warnings.insert(facts.warnings.end(), e.warnings.begin(), e.warnings.end());
    }
    const std::string pictures = pictures_of(comparison, common);
    facts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    results.begin();
    write_file_atomically(results.file("gradient.json"), json);
    write_file_atomically(results.file("pictures.json"), pictures);
    results.finish(comparison.file, common, facts);
    write_report_if_wanted(results, common);
  }
  return {format_table(comparison), std::move(object), failed_a_check(comparison)};
}

int run_gradient(const std::string& file, const CommonArguments& common) {
  return print_result(gradient_result(file, common), common);
}

}  // namespace negphase::tool
