#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "chain_pictures_json.hpp"
#include "diagnosis.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/npy.hpp"
#include "negphase/io/stan_csv.hpp"
#include "output.hpp"
#include "pictures.hpp"
#include "progress_bar.hpp"
#include "results.hpp"
#include "sample_result.hpp"
#include "sample_starts.hpp"
#include "text_table.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

bool is_conditional(const ProblemFile& file) { return file.problem.model.shape().num_x > 0; }

constexpr Index rows_shown = 20;
constexpr Index most_csv_files = 1000;

std::string text_of(const SampleResult& r, const ProblemFile& file, const ResultFolder& results) {
  const Summary& s = r.summary;
  const Index rows = file.problem.rows();
  const std::string on_rows =
      is_conditional(file) ? fmt::format(" ({} on each row)", r.draws.chains / rows) : "";
  std::string text =
      fmt::format("{}\n{} chains{} by {}, {} draws each, {:.2f} s", file.description(),
                  r.draws.chains, on_rows, r.sampler.name, r.draws.draws, r.seconds);
  if (std::isfinite(r.acceptance())) {
    text += fmt::format(", acceptance {:.3g}", r.acceptance());
  }
  text += fmt::format("\n\n{:<8} {:>12} {:>12} {:>12} {:>10} {:>10}\n", "", "mean", "SE", "sd",
                      "ESS", "R-hat");
  const auto size = static_cast<Index>(s.names.size());
  for (Index j = 0; j < std::min(size, rows_shown); ++j) {
    text += fmt::format("{:<8} {:>12} {:>12} {:>12} {:>10} {:>10}\n",
                        s.names[static_cast<std::size_t>(j)], number(s.mean[j], 5),
                        number(s.standard_error[j], 2), number(s.deviation[j], 4),
                        number(s.effective_size[j], 3), number(r.figures.rhat[j], 4));
  }
  if (size > rows_shown) {
    text +=
        fmt::format("... and {} more columns: --json or --out has them all\n", size - rows_shown);
  }
  text += text_of(r.shares) + "\n" + file.about_y();
  if (is_conditional(file)) {
    text += fmt::format(
        "mean: over all rows; sd: within a row. Chain c, from 1, is on row (c - 1) mod {} + 1 of "
        "the {} rows\n",
        rows, rows);
  }
  Verdict whole = r.verdict;
  whole.warnings = r.warnings;
  text += verdict_text(whole);
  if (results.wanted()) {
    text +=
        fmt::format("written: {} (draws.npy [chains x draws x columns], {}, run.json)\n",
                    results.folder().string(),
                    r.draws.chains <= most_csv_files
                        ? "chain_*.csv"
                        : fmt::format("no chain_*.csv for more than {} chains", most_csv_files));
  }
  return text;
}

Json json_of(const SampleResult& r, const ProblemFile& file, const CommonArguments& common) {
  Json json = json_head("sample", file, common);
  json["problem"] = json_problem(file);
  json["sampler"] = json_sampler(*file.config.sampler);
  json["sample"] = json_options(r.options);
  json["chains"] = r.draws.chains;
  json["chains_per_row"] =
      is_conditional(file) ? Json(r.draws.chains / file.problem.rows()) : Json();
  json["draws"] = r.draws.draws;
  json["columns"] = r.summary.names;
  json["mean"] = json_array(r.summary.mean);
  json["standard_error"] = json_array(r.summary.standard_error);
  json["standard_deviation"] = json_array(r.summary.deviation);
  json["effective_size"] = json_array(r.summary.effective_size);
  json["shares"] = json_of(r.shares);
  json["rhat"] = json_array(r.figures.rhat);
  json["ess_bulk"] = json_array(r.figures.ess_bulk);
  json["ess_tail"] = json_array(r.figures.ess_tail);
  json["acceptance"] = r.acceptance();
  json["energy_evaluations"] = r.draws.counts.energy_evaluations;
  json["gradient_evaluations"] = r.draws.counts.gradient_evaluations;
  json["nan_proposals"] = r.draws.counts.nan_proposals;
  Verdict whole = r.verdict;
  whole.warnings = r.warnings;
  json["verdict"] = json_verdict(whole);
  json["warnings"] = json_warnings(r.warnings);
  json["timing"] = {{"seconds", r.seconds}};
  return json;
}

void write_draws(const SampleResult& r, const ProblemFile& file, const ResultFolder& results) {
  const std::array<Index, 3> shape{r.draws.chains, r.draws.draws, r.draws.values.cols()};
  write_npy(results.file("draws.npy"), shape,
            {r.draws.values.data(), static_cast<std::size_t>(r.draws.values.size())});
  for (Index c = 0; c < r.draws.chains && r.draws.chains <= most_csv_files; ++c) {
    const StanCsvHeader header{.model = file.config.model.name,
                               .version = NEGPHASE_VERSION,
                               .chain = r.draws.chain_ids[static_cast<std::size_t>(c)] + 1,
                               .num_samples = r.draws.draws * r.options.integer("thin"),
                               .num_warmup = r.options.integer("warmup"),
                               .thin = r.options.integer("thin"),
                               .seed = file.config.seed};
    const Eigen::VectorXd lp =
        -file.problem.beta * r.draws.energy.segment(c * r.draws.draws, r.draws.draws);
    write_file_atomically(results.file(fmt::format("chain_{}.csv", c + 1)),
                          stan_csv(header, r.summary.names, lp, r.draws.of_chain(c)));
  }
}

// The chains on a row of x, and lp__ of each draw.
ChainDraws chains_on_row(const SampleResult& r, double beta, Index row, Index rows) {
  ChainDraws drawn = chain_draws(r.draws, r.summary.names, row, rows);
  drawn.sampler_names = {"lp__"};
  for (Index c = 0; c < r.draws.chains; ++c) {
    if (r.draws.chain_ids[static_cast<std::size_t>(c)] % rows == row) {
      drawn.sampler_chains.emplace_back(
          -beta * r.draws.energy.segment(c * r.draws.draws, r.draws.draws).array());
    }
  }
  return drawn;
}

// Chains on different rows of x have different laws: those of the row that looks worst are shown.
Json pictures_of_chains(const SampleResult& r, const ProblemFile& file, const Executor& executor) {
  const Index rows = is_conditional(file) ? file.problem.rows() : 1;
  const ChainDraws drawn = chains_on_row(r, file.problem.beta, r.worst_row, rows);
  const auto figures = chain_figures(drawn, executor, FigureSet::convergence);
  Json json = json_chain_pictures(chain_pictures(drawn, figures, executor));
  json["on_row"] = is_conditional(file) ? Json(r.worst_row + 1) : Json();
  json["rows"] = rows;
  return json;
}

// A run that was stopped: its draws, and a sample.json that says that it is incomplete; no
// run.json.
[[noreturn]] void keep_what_was_drawn(SampleResult& r, const ProblemFile& file,
                                      const CommonArguments& common, ResultFolder& results) {
  if (!results.wanted() || r.draws.chains == 0) {
    throw Stopped(r.draws.chains == 0 ? "stopped on request, before any draw"
                                      : "stopped on request; draws are kept with --out only");
  }
  Json json = json_head("sample", file, common);
  json["incomplete"] = true;
  json["problem"] = json_problem(file);
  json["sample"] = json_options(r.options);
  json["chains"] = r.draws.chains;
  json["draws"] = r.draws.draws;
  json["chain_numbers"] = Json::array();
  for (const Index c : r.draws.chain_ids) {
    json["chain_numbers"].push_back(c + 1);
  }
  r.summary.names = column_names(file.problem.model.shape());
  json["columns"] = r.summary.names;
  results.begin();
  write_draws(r, file, results);
  write_file_atomically(results.file("sample.json"), json.dump(2) + "\n");
  throw Stopped(
      fmt::format("stopped on request; {} draws of {} chains are in {}, marked as incomplete",
                  r.draws.draws, r.draws.chains, results.folder().string()));
}

// the diagnoses take a copy of the draws, and draws.npy is put together whole before it is written
void check_memory_of(const SamplingPlan& plan, const ModelShape& shape, bool written) {
  check_memory(2 * bytes_of_draws(plan, shape.num_y() + shape.num_z()),
               fmt::format("{} draws of {} chains of {} columns, and {}, take", plan.schedule.draws,
                           plan.chains, shape.num_y() + shape.num_z(),
                           written ? "draws.npy" : "their diagnosis"));
}

AnySampler chosen_sampler(const ProblemFile& loaded) {
  const RunConfig& config = loaded.config;
  if (!config.sampler) {
    throw ConfigError({config.file.string(), 0, 0},
                      "[sampler] is missing: sample needs one (key: name)");
  }
  Complaints complaints;
  std::optional<AnySampler> sampler;
  complaints.collect(config.sampler->place,
                     [&] { sampler = sampler_for(*config.sampler, loaded.problem); });
  complaints.throw_if_any();
  return *sampler;
}

}  // namespace

int run_sample(const std::string& file, const CommonArguments& common) {
  const ProblemFile loaded = load_problem(file, common, ParamsAre::required);
  const Problem& problem = loaded.problem;
  const Options options = verb_options(loaded.config, "sample", sample_options());
  SamplingPlan plan;
  plan.chains = options.integer("chains") * (problem.model.shape().num_x > 0 ? problem.rows() : 1);
  plan.schedule = {options.integer("warmup"), options.integer("draws"), options.integer("thin")};
  plan.start = sample_start(loaded, options, plan.chains);
  const AnySampler sampler = chosen_sampler(loaded);
  check_memory_of(plan, problem.model.shape(), !common.out.empty());
  ResultFolder results(common);

  const Executor executor(common.threads);
  RunSettings settings = run_settings(loaded.config, common, executor);
  ProgressBar bar("sampling", common.quiet);
  settings.progress = bar.progress();
  const auto begin = std::chrono::steady_clock::now();
  SampleResult result{
      sampler,
      options,
      sample_chains(problem.model, problem.x, problem.beta, sampler, plan, settings),
      {},
      {},
      {},
      {},
      {},
      0};
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (result.draws.stopped) {
    keep_what_was_drawn(result, loaded, common, results);
  }
  judge_draws(result, problem, executor);
  result.shares = shares_of_draws(result.draws, loaded);
  for (Eigen::VectorXd* of_codes :
       {&result.summary.mean, &result.summary.deviation, &result.summary.standard_error}) {
    forget_categories(problem.model.shape(), *of_codes);
  }

  const std::string json = json_of(result, loaded, common).dump(2) + "\n";
  if (results.wanted()) {
    results.begin();
    write_draws(result, loaded, results);
    write_file_atomically(results.file("sample.json"), json);
    Json pictures = make_pictures(loaded, problem.model, &sampler, common);
    pictures["chains"] = pictures_of_chains(result, loaded, executor);
    write_file_atomically(results.file("pictures.json"), pictures.dump() + "\n");
    results.finish(loaded, common,
                   {.verb = "sample",
                    .threads = executor.threads(),
                    .energy_evaluations = result.draws.counts.energy_evaluations,
                    .gradient_evaluations = result.draws.counts.gradient_evaluations,
                    .warnings = result.warnings,
                    .seconds = result.seconds});
  }
  print(common.json ? json : text_of(result, loaded, results));
  const bool failed = std::any_of(result.warnings.begin(), result.warnings.end(),
                                  [](const Warning& w) { return w.is_failed_check; });
  return common.strict && failed ? 7 : 0;
}

}  // namespace negphase::tool
