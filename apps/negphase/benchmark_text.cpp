#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "benchmark_summary.hpp"
#include "text_table.hpp"

namespace negphase::tool {

namespace {

std::string with_error(const MeanWithError& m, int decimals) {
  return std::isnan(m.mean) ? "-"
         : std::isnan(m.standard_error)
             ? fmt::format("{:.{}f}", m.mean, decimals)
             : fmt::format("{:.{}f} +- {:.{}f}", m.mean, decimals, m.standard_error, decimals);
}

std::string band(const Quartiles& q) {
  return fmt::format("[{}, {}]", number(q.low, 2), number(q.high, 2));
}

std::vector<TextColumn> columns_of(const std::vector<RowSummary>& rows) {
  const auto last = [&](std::size_t i) -> const PointSummary& { return rows[i].points.back(); };
  std::vector<TextColumn> columns{
      {"", "", [&](auto i) { return rows[i].label; }},
      {"relative", "error", [=](auto i) { return number(last(i).relative_error.median); }},
      {"", "quartiles", [=](auto i) { return band(last(i).relative_error); }},
      {"slope of", "log error", [&](auto i) { return with_error(rows[i].slope, 2); }},
      {"worst |z|", "(expected)",
       [=](auto i) {
         return fmt::format("{:.1f} ({:.1f})", last(i).worst_z.median, last(i).worst_z_expected);
       }},
      {"", "coverage", [=](auto i) { return number(last(i).coverage.mean); }},
      {"ESS/1000", "evals",
       [&](auto i) { return number(1000 * rows[i].effective_size_per_evaluation.median); }},
      {"ESS/s", "median", [&](auto i) { return count(rows[i].effective_size_per_second.median); }}};
  const bool occupied =
      std::any_of(rows.begin(), rows.end(), [](const RowSummary& r) { return r.has_occupation; });
  if (occupied) {
    columns.push_back({"TV", "(floor)", [&](auto i) {
                         return rows[i].has_occupation
                                    ? fmt::format("{} ({})",
                                                  number(rows[i].total_variation.median, 2),
                                                  number(rows[i].total_variation_floor, 2))
                                    : "-";
                       }});
  }
  columns.push_back({"", "rank", [&](auto i) {
                       return rows[i].biased                    ? "biased"
                              : rows[i].rank_by_seconds.empty() ? "-"
                                                                : rows[i].rank_by_seconds;
                     }});
  return columns;
}

std::string floors(const std::vector<RowSummary>& rows) {
  std::string text;
  for (const RowSummary& row : rows) {
    if (row.biased) {
      text += paragraph(
          !(row.floor.mean > 2 * row.floor.standard_error)
              ? fmt::format("{}: biased, but its bias is not seen in the noise of these runs",
                            row.label)
              : fmt::format("{}: biased; its error does not fall below {:.3g} +- {:.2g}, however "
                            "many draws",
                            row.label, row.floor.mean, row.floor.standard_error));
    }
  }
  return text;
}

// A caveat that goes with the method stands in the result's file; a failed check is said here, once
// for all rows that it is about.
std::string failed_checks(const std::vector<RowSummary>& rows, std::size_t seeds) {
  std::vector<std::pair<const Warning*, std::string>> said;  // of the first row, labels
  for (const RowSummary& row : rows) {
    for (const CountedWarning& w : row.warnings) {
      if (!w.warning.is_failed_check) {
        continue;
      }
      const std::string who = fmt::format("{} {} of {} seeds", row.label, w.seeds, seeds);
      const auto at = std::find_if(said.begin(), said.end(),
                                   [&](const auto& s) { return s.first->code == w.warning.code; });
      if (at == said.end()) {
        said.emplace_back(&w.warning, who);
      } else {
        at->second += ", " + who;
      }
    }
  }
  std::string text;
  if (said.empty()) {
    const bool biased =
        std::any_of(rows.begin(), rows.end(), [](const RowSummary& row) { return row.biased; });
    text = paragraph(fmt::format("No check failed in any row, in {} seeds{}.", seeds,
                                 biased ? "" : ": good, as far as chains can tell"));
  }
  for (const auto& [warning, who] : said) {
    text += paragraph(fmt::format("FAILED ({}): {}", who, warning->text));
  }
  return text;
}

std::string table(const BenchProblem& problem, const std::vector<RowSummary>& rows,
                  std::size_t seeds) {
  const Comparison& c = problem.comparison;
  std::string below = floors(rows) + failed_checks(rows, seeds);
  return fmt::format("{}: {}\nexact gradient by {}: |gradient| = {:.6g}, {} s\n\n{}{}\n",
                     problem.name, c.file.description(), c.exact_method, c.exact->mean.norm(),
                     seconds(c.exact->seconds), text_table(columns_of(rows), rows.size()),
                     below.empty() ? below : "\n" + below);
}

std::string legend(std::size_t seeds) {
  return paragraph(fmt::format(
             "relative error: |estimate - exact| / |exact| after all draws, median and quartiles "
             "over {} seeds. Where a sampler is right its slope is -0.5 (nearer to 0 while the "
             "first "
             "points are shorter than its memory), its coverage 0.95 and its worst |z| about what "
             "is expected of so many independent components (less where they "
             "go together). TV: total variation between the visited states of y and their law; "
             "below its floor no sampler comes but by chance.",
             seeds)) +
         paragraph(
             "rank: by effective draws (ESS) a second; 1= is a tie, rows whose quartiles overlap "
             "with those of the best of them. Biased rows are not ranked: what counts there is the "
             "error that no number of draws removes. An evaluation is an energy, a change of one, "
             "a conditional or a gradient; they do not cost alike.");
}

}  // namespace

std::string format_tables(const Benchmark& benchmark,
                          const std::vector<std::vector<RowSummary>>& summaries) {
  std::string text;
  for (std::size_t i = 0; i < benchmark.problems.size(); ++i) {
    text += table(benchmark.problems[i], summaries[i], benchmark.whole_seeds());
  }
  return text + legend(benchmark.whole_seeds());
}

}  // namespace negphase::tool
