#include "category_shares.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "negphase/exact/total_variation.hpp"
#include "negphase/gradient/free_energies.hpp"
#include "negphase/gradient/replicates.hpp"
#include "results.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

constexpr double most_answers = 1 << 20;
constexpr std::size_t columns_shown = 20;
constexpr Index states_shown = 12;

std::vector<Column> all_columns(const ModelShape& shape) {
  std::vector<Column> columns = shape.y;
  columns.insert(columns.end(), shape.z.begin(), shape.z.end());
  return columns;
}

/// Column j of y, then z, with nothing of its shares known yet.
CategoryShares empty_shares(const ProblemFile& file, Index j) {
  const ModelShape shape = file.problem.model.shape();
  const bool is_y = j < shape.num_y();
  const Index states = all_columns(shape)[static_cast<std::size_t>(j)].num_states;
  CategoryShares made{
      is_y ? fmt::format("y.{}", j + 1) : fmt::format("z.{}", j - shape.num_y() + 1), {}, {}, {}};
  for (Index k = 0; k < states; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const bool has_labels =
        is_y && at < file.data.y_columns[static_cast<std::size_t>(j)].labels.size();
    made.states.push_back(has_labels ? file.data.y_columns[static_cast<std::size_t>(j)].labels[at]
                                     : std::to_string(k));
  }
  made.share = Eigen::VectorXd::Zero(states);
  return made;
}

std::vector<Index> category_columns_of(const std::vector<Column>& columns) {
  std::vector<Index> which;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].kind == ColumnKind::category) {
      which.push_back(static_cast<Index>(j));
    }
  }
  return which;
}

/// Infinitely many where a column is real.
double states_of(const std::vector<Column>& columns) {
  double states = 1;
  for (const Column& column : columns) {
    states *= column.num_states > 0 ? static_cast<double>(column.num_states) : INFINITY;
  }
  return states;
}

/// Every y, [states x num_y], the first column most significant.
Eigen::MatrixXd every_answer(const std::vector<Column>& columns) {
  const auto states = static_cast<Index>(states_of(columns));
  Eigen::MatrixXd y(states, std::ssize(columns));
  for (Index s = 0; s < states; ++s) {
    Index rest = s;
    for (Index j = y.cols() - 1; j >= 0; --j) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      y(s, j) = state_code(column, rest % column.num_states);
      rest /= column.num_states;
    }
  }
  return y;
}

/// p(y | x), mean over the rows [states].
Eigen::ArrayXd mean_law(const Problem& problem, const Eigen::MatrixXd& y,
                        const FreeEnergies& energies, Index rows) {
  Eigen::MatrixXd answers(y.rows() * rows, y.cols());
  for (Index i = 0; i < answers.rows(); ++i) {
    answers.row(i) = y.row(i / rows);  // under row i mod rows of x
  }
  const Eigen::VectorXd f = energies.at(energies.completed(answers));
  const Eigen::Map<const Eigen::ArrayXXd> by_row(f.data(), rows, y.rows());
  const Eigen::ArrayXXd weights =
      (-problem.beta * (by_row.colwise() - by_row.rowwise().minCoeff())).exp();
  return (weights.colwise() / weights.rowwise().sum()).colwise().mean().transpose();
}

}  // namespace

std::vector<CategoryShares> shares_of_draws(const Draws& draws, const ProblemFile& file) {
  const ModelShape shape = file.problem.model.shape();
  const std::vector<Column> columns = all_columns(shape);
  const Index rows = file.problem.rows();
  const Replicates replicates = shape.num_x > 0 ? Replicates::by_row(rows, draws.chains / rows)
                                                : Replicates::by_group(draws.chains);
  std::vector<CategoryShares> all;
  for (const Index j : category_columns_of(columns)) {
    all.push_back(empty_shares(file, j));
    Eigen::MatrixXd cells = Eigen::MatrixXd::Zero(all.back().share.size(), replicates.cells());
    for (Index c = 0; c < draws.chains; ++c) {
      const Index cell = replicates.cell_of(c);
      for (const double code : draws.of_chain(c).col(j)) {
        cells(state_index(columns[static_cast<std::size_t>(j)], code), cell) +=
            1 / static_cast<double>(replicates.cell_size(cell) * draws.draws);
      }
    }
    const ReplicateMean mean = combine(replicates, cells);
    all.back().share = mean.mean;
    all.back().standard_error = replicates.most_degrees_of_freedom() > 0
                                    ? Eigen::VectorXd(mean.squared_error.cwiseSqrt())
                                    : Eigen::VectorXd::Constant(mean.mean.size(), NAN);
  }
  return all;
}

std::vector<CategoryShares> exact_shares(const ProblemFile& file, const Executor& executor) {
  const Problem& problem = file.problem;
  const ModelShape shape = problem.model.shape();
  const std::vector<Index> categories = category_columns_of(shape.y);
  const Index rows = shape.num_x > 0 ? problem.rows() : 1;
  if (categories.empty() || states_of(shape.y) * static_cast<double>(rows) > most_answers) {
    return {};
  }
  const Eigen::MatrixXd x = problem.x.topRows(rows);
  const FreeEnergies energies(problem.model, x, rows, problem.beta, LatentRule::sum, executor);
  try {
    energies.check();
  } catch (const ConfigError&) {
    return {};
  }
  const Eigen::MatrixXd y = every_answer(shape.y);
  const Eigen::ArrayXd law = mean_law(problem, y, energies, rows);
  std::vector<CategoryShares> all;
  for (const Index j : categories) {
    all.push_back(empty_shares(file, j));
    for (Index s = 0; s < y.rows(); ++s) {
      all.back().share[state_index(shape.y[static_cast<std::size_t>(j)], y(s, j))] += law[s];
    }
  }
  return all;
}

void forget_categories(const ModelShape& shape, Eigen::VectorXd& by_column) {
  const std::vector<Column> columns = all_columns(shape);
  for (const Index j : category_columns_of(columns)) {
    if (j < by_column.size()) {
      by_column[j] = NAN;
    }
  }
}

std::string text_of(const std::vector<CategoryShares>& all) {
  std::string text = all.empty() ? "" : "shares of the states of categories\n";
  for (std::size_t i = 0; i < std::min(all.size(), columns_shown); ++i) {
    const CategoryShares& one = all[i];
    text += fmt::format("{:<8}", one.column);
    for (Index k = 0; k < std::min(one.share.size(), states_shown); ++k) {
      text += fmt::format("{} {} {:.4g}", k > 0 ? "," : "", one.states[static_cast<std::size_t>(k)],
                          one.share[k]);
      if (one.standard_error.size() > 0 && std::isfinite(one.standard_error[k])) {
        text += fmt::format(" +- {:.2g}", one.standard_error[k]);
      }
    }
    text += one.share.size() > states_shown ? ", ...\n" : "\n";
  }
  if (all.size() > columns_shown) {
    text += fmt::format("... and {} more columns: --json or --out has them all\n",
                        all.size() - columns_shown);
  }
  return text;
}

nlohmann::ordered_json json_of(const std::vector<CategoryShares>& all) {
  Json json = Json::object();
  for (const CategoryShares& one : all) {
    json[one.column] = {{"states", one.states},
                        {"share", json_array(one.share)},
                        {"standard_error",
                         one.standard_error.size() > 0 ? json_array(one.standard_error) : Json()}};
  }
  return json;
}

}  // namespace negphase::tool
