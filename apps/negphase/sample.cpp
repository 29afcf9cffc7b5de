#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "category_shares.hpp"
#include "chain_pictures_json.hpp"
#include "diagnosis.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/gradient/replicates.hpp"
#include "negphase/gradient/warnings.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/npy.hpp"
#include "negphase/io/stan_csv.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/registry/registry.hpp"
#include "negphase/run/growth.hpp"
#include "negphase/run/sampling.hpp"
#include "output.hpp"
#include "pictures.hpp"
#include "progress_bar.hpp"
#include "results.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
using Position = std::span<double>;

/// Mean, standard deviation, standard error and effective size of each column, from chain means.
struct Summary {
  std::vector<std::string> names;
  Eigen::VectorXd mean, deviation;
  Eigen::VectorXd standard_error, effective_size;  ///< NaN where chains are too few for them
};

/// Of each column, on the row where it is worst; NaN where no row has it.
struct ColumnFigures {
  Eigen::VectorXd rhat, ess_bulk, ess_tail;
};

struct SampleResult {
  AnySampler sampler;
  Options options;
  Draws draws;
  Summary summary;
  ColumnFigures figures;
  Verdict verdict;
  std::vector<GrowingColumn> growing;
  std::vector<Warning> warnings;
  double seconds = 0;
  std::vector<CategoryShares> shares = {};
  Index worst_row = 0;  ///< of x
  double acceptance() const {
    return draws.counts.acceptance / static_cast<double>(draws.counts.proposals);
  }
};

std::vector<std::string> column_names(const ModelShape& shape) {
  std::vector<std::string> names;
  for (Index j = 0; j < shape.num_y(); ++j) {
    names.push_back(fmt::format("y.{}", j + 1));
  }
  for (Index j = 0; j < shape.num_z(); ++j) {
    names.push_back(fmt::format("z.{}", j + 1));
  }
  return names;
}

// Chains are replicates (M7): of each row where the model is conditional, else in groups.
Summary summarize(const Draws& draws, const ModelShape& shape, Index rows) {
  const Index columns = draws.values.cols();
  const Replicates replicates = shape.num_x > 0 ? Replicates::by_row(rows, draws.chains / rows)
                                                : Replicates::by_group(draws.chains);
  Eigen::MatrixXd cells = Eigen::MatrixXd::Zero(columns, replicates.cells());
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(columns);
  Eigen::MatrixXd row_means = Eigen::MatrixXd::Zero(columns, std::max<Index>(rows, 1));
  for (Index c = 0; c < draws.chains; ++c) {
    const Index cell = replicates.cell_of(c);
    cells.col(cell) += draws.of_chain(c).colwise().mean().transpose() /
                       static_cast<double>(replicates.cell_size(cell));
  }
  const ReplicateMean mean = combine(replicates, cells);
  // within a row: what a chain of that row would show
  for (Index c = 0; c < draws.chains; ++c) {
    row_means.col(shape.num_x > 0 ? c % rows : 0) += draws.of_chain(c).colwise().mean().transpose();
  }
  row_means *=
      (shape.num_x > 0 ? static_cast<double>(rows) : 1.0) / static_cast<double>(draws.chains);
  for (Index c = 0; c < draws.chains; ++c) {
    const Eigen::VectorXd center = row_means.col(shape.num_x > 0 ? c % rows : 0);
    squares +=
        (draws.of_chain(c).rowwise() - center.transpose()).colwise().squaredNorm().transpose();
  }
  Summary s;
  s.names = column_names(shape);
  s.mean = mean.mean;
  const Eigen::VectorXd variance =
      squares / static_cast<double>(std::max<Index>(draws.values.rows() - 1, 1));
  s.deviation = variance.cwiseSqrt();
  const bool has_error = replicates.most_degrees_of_freedom() > 0;
  s.standard_error = has_error ? Eigen::VectorXd(mean.squared_error.cwiseSqrt())
                               : Eigen::VectorXd::Constant(columns, NAN);
  s.effective_size = variance.cwiseQuotient(s.standard_error.cwiseAbs2());
  for (Index j = 0; j < columns; ++j) {
    if (!std::isfinite(s.effective_size[j])) {
      s.effective_size[j] = NAN;
    }
  }
  return s;
}

/// Acceptance at which a sampler's chains forget fastest (SamplerFacts); NaN: none is known.
double best_acceptance(const std::string& sampler) {
  return sampler == "mala" ? 0.574 : sampler == "random_walk" ? 0.234 : NAN;
}

void keep_worst(const std::vector<ChainFigures>& of_row, ColumnFigures& worst) {
  const auto keep = [](double& kept, double value, bool is_worse) {
    kept = std::isnan(kept) || is_worse ? value : kept;
  };
  for (std::size_t j = 0; j < of_row.size(); ++j) {
    const auto i = static_cast<Index>(j);
    const ChainFigures& f = of_row[j];
    keep(worst.rhat[i], f.rhat, f.rhat > worst.rhat[i]);
    keep(worst.ess_bulk[i], f.ess_bulk, f.ess_bulk < worst.ess_bulk[i]);
    keep(worst.ess_tail[i], f.ess_tail, f.ess_tail < worst.ess_tail[i]);
  }
}

// One warning of each kind, from the first row that has it.
class RowVerdicts {
 public:
  void add(Index row, const Verdict& verdict) {
    passed_ += verdict.is_good() ? 1 : 0;
    ++rows_;
    for (const Warning& w : verdict.warnings) {
      auto at = std::find_if(all_.begin(), all_.end(),
                             [&](const Counted& c) { return c.warning.code == w.code; });
      if (at == all_.end()) {
        at = all_.insert(at, {w, row, 0});
      }
      ++at->rows;
    }
  }

  Verdict whole() const {
    Verdict verdict;
    verdict.summary = fmt::format("{}: {} of {} rows passed every check.",
                                  passed_ == rows_ ? "Good, as far as draws can tell" : "Not good",
                                  passed_, rows_);
    for (const Counted& c : all_) {
      verdict.warnings.push_back(c.warning);
      if (c.rows < rows_) {
        verdict.warnings.back().text =
            fmt::format("row {}{}, whose chains are counted from 1: {}", c.row + 1,
                        c.rows > 1 ? fmt::format(" and {} more", c.rows - 1) : "", c.warning.text);
      } else if (rows_ > 1) {
        verdict.warnings.back().text = "every row: " + c.warning.text;
      }
    }
    std::stable_partition(verdict.warnings.begin(), verdict.warnings.end(),
                          [](const Warning& w) { return w.is_failed_check; });
    return verdict;
  }

 private:
  struct Counted {
    Warning warning;
    Index row, rows;
  };
  std::vector<Counted> all_;
  Index passed_ = 0, rows_ = 0;
};

// Chains of different rows have different laws: each row is judged by itself.
void judge_draws(SampleResult& r, Index rows, const Executor& executor) {
  // one column drawn from its own law anew at each step, and never refused
  const bool is_independent = r.draws.values.cols() == 1 && r.draws.counts.proposals == 0;
  const SamplerFacts facts{.name = r.sampler.name,
                           .best_acceptance = best_acceptance(r.sampler.name),
                           .acceptance = r.acceptance(),
                           .draws_are_independent = is_independent};
  const Index columns = r.draws.values.cols();
  const Eigen::VectorXd unknown = Eigen::VectorXd::Constant(columns, NAN);
  r.figures = {unknown, unknown, unknown};
  RowVerdicts verdicts;
  std::vector<ChainFigures> worst;  // of each row
  for (Index row = 0; row < rows; ++row) {
    const Diagnosis d = diagnose(chain_draws(r.draws, r.summary.names, row, rows), facts, executor,
                                 behaviour_level / static_cast<double>(rows));
    keep_worst(d.figures, r.figures);
    if (rows == 1) {
      r.verdict = d.verdict;
      return;
    }
    verdicts.add(row, d.verdict);
    worst.push_back(d.figures[static_cast<std::size_t>(worst_quantities(d.figures, 1).front())]);
  }
  r.worst_row = worst_quantities(worst, 1).front();
  r.verdict = verdicts.whole();
}

std::vector<Warning> warnings_of(const SampleResult& r, double beta) {
  std::vector<Warning> all = r.verdict.warnings;
  for (const GrowingColumn& g : r.growing) {
    all.push_back(
        {"growing_spread",
         fmt::format(
             "column {} still grows: its mean square is {:.3g} times larger in the last "
             "quarter of the draws than in the first, in {} of {} chains; the energy is not "
             "normalisable, or the warm-up too short",
             r.summary.names[static_cast<std::size_t>(g.column)], g.ratio, g.growing, g.of),
         true});
  }
  std::vector<Warning> of_acceptance;
  warn_of_acceptance(r.draws.counts, of_acceptance);
  for (const Warning& w : of_acceptance) {  // the verdict knows a step that is too large
    if (std::none_of(all.begin(), all.end(),
                     [&](const Warning& said) { return said.code == w.code; })) {
      all.push_back(w);
    }
  }
  warn_of_sampler(r.sampler, beta, all);
  all.push_back({"start_up_bias",
                 "nothing bounds what is left of the start after the warm-up; compare with another "
                 "start (sample.start = \"noise\")"});
  return all;
}

std::vector<GrowingColumn> find_growing_columns(const Draws& draws, const Problem& problem) {
  const ModelShape shape = problem.model.shape();
  std::vector<Column> columns = shape.y;
  columns.insert(columns.end(), shape.z.begin(), shape.z.end());
  return find_growing(draws, columns, shape.num_x > 0 ? problem.rows() : 1);
}

// ---- starts

Eigen::MatrixXd read_starts(const Options& options, const RunConfig& config,
                            const ModelShape& shape, Index chains) {
  const std::string file = options.word("start_file");
  FilePlace place = config.model.place;
  if (const auto verb = config.verbs.find("sample"); verb != config.verbs.end()) {
    for (const GivenOption& given : verb->second.options) {
      if (given.name == "start_file" || given.name == "start") {
        place = given.place;
      }
    }
  }
  if (file.empty()) {
    throw ConfigError(place, "[sample]: start = \"given\" needs the key start_file");
  }
  Eigen::MatrixXd starts = read_npy(file);
  const Index all = shape.num_y() + shape.num_z();
  const bool swapped =
      starts.cols() == chains && (starts.rows() == shape.num_y() || starts.rows() == all);
  if (starts.rows() != chains || (starts.cols() != shape.num_y() && starts.cols() != all)) {
    throw ConfigError({file, 0, 0},
                      fmt::format("holds {} x {} numbers; a start is [chains x columns], {} x {}{}",
                                  starts.rows(), starts.cols(), chains, shape.num_y(),
                                  swapped ? ": rows and columns are swapped" : ""));
  }
  for (Index j = 0; j < starts.cols(); ++j) {
    const Column& column = j < shape.num_y() ? shape.y[static_cast<std::size_t>(j)]
                                             : shape.z[static_cast<std::size_t>(j - shape.num_y())];
    for (Index c = 0; c < chains; ++c) {
      const double value = starts(c, j);
      bool legal = std::isfinite(value);
      if (column.num_states > 0) {
        const Index k = legal && std::abs(value) < 1e15 ? state_index(column, value) : -1;
        legal = k >= 0 && k < column.num_states && state_code(column, k) == value;
      }
      if (!legal) {
        throw ConfigError({file, 0, 0},
                          fmt::format("row {}, column {}: {} is no state of the model's column",
                                      c + 1, j + 1, value));
      }
    }
  }
  return starts;
}

using Start = std::function<void(Index, Index, Position)>;

Start start_of(const ProblemFile& loaded, const Options& options, Index chains) {
  const Problem& problem = loaded.problem;
  const ModelShape shape = problem.model.shape();
  const std::uint64_t seed = derive_seed(loaded.config.seed, "sample start");
  const auto num_y = static_cast<std::size_t>(shape.num_y());
  const auto random_z = [shape, seed](Index chain, Position z) {
    random_position(shape.z, derive_seed(seed, "z"), chain, z);
  };
  const std::string& how = options.word("start");
  if (how == "given") {
    return [=, starts = read_starts(options, loaded.config, shape, chains)](Index chain, Index,
                                                                            Position p) {
      const Index row = chain % starts.rows();  // padding beyond the last chain
      random_z(chain, p.subspan(num_y));
      for (Index j = 0; j < starts.cols(); ++j) {
        p[static_cast<std::size_t>(j)] = starts(row, j);
      }
    };
  }
  if (how == "data" && shape.num_x > 0) {
    return [=, y = problem.y](Index chain, Index row, Position p) {
      for (std::size_t j = 0; j < num_y; ++j) {
        p[j] = y(row, static_cast<Index>(j));
      }
      random_z(chain, p.subspan(num_y));
    };
  }
  const StartFunction start =
      how == "data" ? start_at_random_rows(problem, seed) : start_at_noise(problem, seed);
  return [=](Index chain, Index row, Position p) {
    start(chain, row, p.first(num_y));
    random_z(chain, p.subspan(num_y));
  };
}

// ---- output

bool is_conditional(const ProblemFile& file) { return file.problem.model.shape().num_x > 0; }

constexpr Index rows_shown = 20;
constexpr Index most_csv_files = 1000;

std::string number(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}g}", value, digits) : "-";
}

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
  plan.start = start_of(loaded, options, plan.chains);
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
  result.summary = summarize(result.draws, problem.model.shape(), problem.rows());
  result.growing = find_growing_columns(result.draws, problem);
  judge_draws(result, problem.model.shape().num_x > 0 ? problem.rows() : 1, executor);
  result.warnings = warnings_of(result, problem.beta);
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
