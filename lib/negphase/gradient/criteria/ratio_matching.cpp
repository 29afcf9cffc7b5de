#include "negphase/gradient/criteria/ratio_matching.hpp"

#include <fmt/format.h>

#include "negphase/core/kernel.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/gradient/criteria/flips.hpp"

namespace negphase {

std::string why_no_ratio_matching(const Problem& problem) {
  const std::vector<Column> columns = problem.model.shape().y;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].num_states != 2) {
      return fmt::format(
          "it flips columns of two states, and column {} of y is none; there is {}", j + 1,
          columns[j].num_states > 0 ? "pseudo_likelihood for any finite number of states"
                                    : "score_matching for a real y");
    }
  }
  return why_no_free_energy(problem);
}

CriterionValue ratio_matching(const Problem& problem, const Executor& executor) {
  if (const std::string why = why_no_ratio_matching(problem); !why.empty()) {
    throw ConfigError(why);
  }
  const double beta = problem.beta;
  return mean_over_rows(problem, executor, [beta](const RowBlock& rows) {
    return sum_over_flips(rows, [beta](double change) {
      const double g = logistic(-beta_times(beta, change));
      const double kept = logistic(beta_times(beta, change));  // 1 - g without cancellation
      return FlipTerm{g * g, 2 * beta * g * g * kept};
    });
  });
}

}  // namespace negphase
