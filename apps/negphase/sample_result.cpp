#include "sample_result.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "diagnosis.hpp"
#include "negphase/gradient/replicates.hpp"
#include "negphase/gradient/warnings.hpp"
#include "negphase/registry/registry.hpp"

namespace negphase::tool {

namespace {

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

void judge_rows(SampleResult& r, Index rows, const Executor& executor) {
  // one column drawn from its own law anew at each step, and never refused
  const bool is_independent = r.draws.values.cols() == 1 && r.draws.counts.proposals == 0;
  const SamplerFacts facts{.name = r.sampler.name,
                           .best_acceptance = find_sampler(r.sampler.name).best_acceptance,
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

}  // namespace

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

void judge_draws(SampleResult& r, const Problem& problem, const Executor& executor) {
  r.summary = summarize(r.draws, problem.model.shape(), problem.rows());
  r.growing = find_growing_columns(r.draws, problem);
  judge_rows(r, problem.model.shape().num_x > 0 ? problem.rows() : 1, executor);
  r.warnings = warnings_of(r, problem.beta);
}

}  // namespace negphase::tool
