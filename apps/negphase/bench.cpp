#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "benchmark_summary.hpp"
#include "cell_file.hpp"
#include "negphase/io/config_text.hpp"
#include "negphase/io/files.hpp"
#include "output.hpp"
#include "program_data.hpp"
#include "progress_bar.hpp"
#include "report.hpp"
#include "results.hpp"
#include "run_identity.hpp"
#include "signals.hpp"
#include "verbs.hpp"

namespace negphase::tool {

namespace {

constexpr const char* default_suite = "bench.toml";

// Counts the cells that are still to be run, each as 1000, and within a cell what its chains
// report.
class CellProgress {
 public:
  static constexpr std::int64_t units = 1000;
  CellProgress(Progress& whole, std::size_t cells) : whole_(whole) {
    whole.begin(static_cast<std::int64_t>(cells) * units);
  }
  Progress& of_cell() { return cell_; }
  void end_cell() { whole_.advance(units - seen_.exchange(0)); }

 private:
  void report(std::int64_t done, std::int64_t total) {
    const std::int64_t now = total > 0 ? std::min(units, units * done / total) : 0;
    std::int64_t before = seen_.load();
    while (before < now && !seen_.compare_exchange_weak(before, now)) {
    }
    if (before < now) {
      whole_.advance(now - before);
    }
  }

  Progress& whole_;
  std::atomic<std::int64_t> seen_{0};
  Progress cell_{[this](std::int64_t done, std::int64_t total) { report(done, total); }};
};

bool is_done(const Benchmark& benchmark, const BenchCell& cell) {
  return std::any_of(benchmark.cells.begin(), benchmark.cells.end(), [&](const BenchCell& other) {
    return other.problem == cell.problem && other.row == cell.row &&
           other.repetition == cell.repetition;
  });
}

void run_cells(Benchmark& benchmark, CellFile& file, const CommonArguments& common,
               const Executor& executor) {
  std::vector<BenchCell> left;
  for (std::size_t i = 0; i < benchmark.num_cells(); ++i) {
    BenchCell cell = empty_cell(benchmark, i);
    if (!is_done(benchmark, cell)) {
      left.push_back(std::move(cell));
    }
  }
  ProgressBar bar(fmt::format("{} runs", left.size()), common.quiet);
  CellProgress progress(*bar.progress(), left.size());
  for (BenchCell& cell : left) {
    run_cell(benchmark, cell, common, executor, progress.of_cell());
    file.append(cell);
    benchmark.cells.push_back(std::move(cell));
    progress.end_cell();
  }
}

std::string identity_of(const Benchmark& benchmark, const std::string& config,
                        const CommonArguments& common) {
  std::vector<const ProblemFile*> problems;
  for (const BenchProblem& problem : benchmark.problems) {
    problems.push_back(&problem.comparison.file);
  }
  return run_identity(problems, config, common);
}

RunFacts facts_of(const Benchmark& benchmark) {
  RunFacts facts{.verb = "bench"};
  for (const BenchCell& cell : benchmark.cells) {
    facts.energy_evaluations += cell.points.back().energy_evaluations;
    facts.gradient_evaluations += cell.points.back().gradient_evaluations;
  }
  return facts;
}

bool failed_a_check(const std::vector<std::vector<RowSummary>>& summaries, RunFacts& facts) {
  bool failed = false;
  for (const auto& rows : summaries) {
    for (const RowSummary& row : rows) {
      for (const CountedWarning& w : row.warnings) {
        facts.warnings.push_back(w.warning);
        failed |= w.warning.is_failed_check;
      }
    }
  }
  return failed;
}

// What a benchmark comes to, whole or not.
struct Outcome {
  std::vector<std::vector<RowSummary>> summaries;
  RunFacts facts;
  bool failed = false;
  std::string json;
};

Outcome outcome_of(const Benchmark& benchmark, const CommonArguments& common,
                   const Executor& executor, std::chrono::steady_clock::time_point begin) {
  Outcome outcome{summarize(benchmark), facts_of(benchmark), false, ""};
  outcome.failed = failed_a_check(outcome.summaries, outcome.facts);
  outcome.facts.threads = executor.threads();
  outcome.facts.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  nlohmann::ordered_json json = to_json(benchmark, outcome.summaries, common);
  json["timing"] = {{"seconds", outcome.facts.seconds}};
  outcome.json = json.dump(2) + "\n";
  return outcome;
}

void print_outcome(const Benchmark& benchmark, const Outcome& outcome, bool json) {
  print(json ? outcome.json : format_tables(benchmark, outcome.summaries));
}

// Shows and keeps what there is, once every row has had a seed; says how far it came and how to go
// on.
[[noreturn]] void stop(const Benchmark& benchmark, ResultFolder& results,
                       const CommonArguments& common, const Executor& executor,
                       std::chrono::steady_clock::time_point begin) {
  if (benchmark.cells.size() >= benchmark.num_rows()) {
    const Outcome outcome = outcome_of(benchmark, common, executor, begin);
    if (results.wanted()) {
      write_file_atomically(results.file("bench.json"), outcome.json);
    }
    write_report_if_wanted(results, common);
    print_outcome(benchmark, outcome, common.json);
    flush_output();
  }
  const std::string done = fmt::format("stopped on request after {} of {} runs",
                                       benchmark.cells.size(), benchmark.num_cells());
  throw Stopped(common.out.empty()
                    ? done + "; with --out FOLDER they would have been kept"
                    : done + ", which are kept: the same command with --resume goes on");
}

}  // namespace

int run_bench(const std::string& file, const CommonArguments& common) {
  const auto begin = std::chrono::steady_clock::now();
  Executor executor(common.threads);
  executor.stop_on(stop_token());
  const std::string suite =
      file.empty() ? (data_folder(default_suite) / default_suite).string() : file;
  Benchmark benchmark = plan_benchmark(suite, common, executor);
  const std::string config = to_toml(benchmark.suite, legal_names());
  ResultFolder results(common, cells_file);
  results.begin();
  CellFile cells(results.folder(), identity_of(benchmark, config, common));
  common.resume ? cells.restore(benchmark) : cells.begin();
  try {
    solve_exactly(benchmark, common, executor);
    run_cells(benchmark, cells, common, executor);
  } catch (const Stopped&) {
    stop(benchmark, results, common, executor, begin);
  }
  const Outcome outcome = outcome_of(benchmark, common, executor, begin);
  if (results.wanted()) {
    write_file_atomically(results.file("bench.csv"), to_csv(benchmark));
    write_file_atomically(results.file("bench.json"), outcome.json);
    results.finish(benchmark_head(benchmark, common), config, outcome.facts);
  }
  cells.end();
  write_report_if_wanted(results, common);
  print_outcome(benchmark, outcome, common.json);
  return common.strict && outcome.failed ? 7 : 0;
}

}  // namespace negphase::tool
