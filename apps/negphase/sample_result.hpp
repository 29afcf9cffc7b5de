#pragma once
#include <Eigen/Dense>
#include <string>
#include <vector>

#include "category_shares.hpp"
#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/diagnostics/verdict.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/run/growth.hpp"
#include "negphase/run/sampling.hpp"

namespace negphase::tool {

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

/// y.1, y.2 and so on, then z.1.
std::vector<std::string> column_names(const ModelShape& shape);

/// Summary, figures, verdict and warnings of the draws. Chains of different rows of x have
/// different laws: each row is judged by itself.
void judge_draws(SampleResult& result, const Problem& problem, const Executor& executor);

}  // namespace negphase::tool
