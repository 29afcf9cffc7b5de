#include "inference_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "results.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

constexpr Index grid_points = 201, most_rows = 6;

double raw(const DataColumn& column, double value) { return value * column.scale + column.mean; }

bool is_conditional(const ProblemFile& file) { return file.problem.model.shape().num_x > 0; }

/// `most_rows` of the rows, evenly, the first and the last among them.
std::vector<Index> rows_shown(Index rows) {
  std::vector<Index> shown;
  const Index count = std::min(rows, most_rows);
  for (Index i = 0; i < count; ++i) {
    shown.push_back(count == rows ? i : i * (rows - 1) / (count - 1));
  }
  return shown;
}

/// Places about the minima, and the row's own y or all of the data's: a margin of a quarter, and
/// where all is one point the width of its valley.
Eigen::VectorXd grid_of(const ProblemFile& file, const RowMinima& found, Index row) {
  double low = found.minima.front().place[0], high = low, width = 1;
  for (const Minimum& minimum : found.minima) {
    low = std::min(low, minimum.place[0]);
    high = std::max(high, minimum.place[0]);
    if (minimum.curvature.size() > 0 && minimum.curvature.maxCoeff() > 0) {
      width = std::min(width, 3 / std::sqrt(file.problem.beta * minimum.curvature.maxCoeff()));
    }
  }
  const auto y = file.problem.y.col(0);
  low = std::min(low, is_conditional(file) ? y[row] : y.minCoeff());
  high = std::max(high, is_conditional(file) ? y[row] : y.maxCoeff());
  const double margin = std::max(width, (high - low) / 4);
  return Eigen::VectorXd::LinSpaced(grid_points, low - margin, high + margin);
}

Json profile_of(const ProblemFile& file, const RowMinima& found, Index row, LatentRule latents,
                const Executor& executor) {
  const Problem& problem = file.problem;
  const DataColumn& y = file.data.y_columns[0];
  const Eigen::MatrixXd x = problem.x.middleRows(is_conditional(file) ? row : 0, 1);
  const FreeEnergies energies(problem.model, x, 1, problem.beta, latents, executor);
  energies.check();
  const Eigen::VectorXd grid = grid_of(file, found, row);
  const auto& sources =
      file.config.data->part == DataPart::test ? file.data.sources.test : file.data.sources.train;
  Json json{
      {"result_row", row + 1}, {"row", nullptr}, {"x", Json::array()}, {"y_observed", nullptr}};
  if (is_conditional(file)) {
    json["row"] = sources[static_cast<std::size_t>(row)] + 1;
    json["y_observed"] = raw(y, problem.y(row, 0));
  }
  for (Index j = 0; is_conditional(file) && j < x.cols(); ++j) {
    json["x"].push_back(raw(file.data.x_columns[static_cast<std::size_t>(j)], x(0, j)));
  }
  json["y"] = json_array((grid.array() * y.scale + y.mean).matrix());
  json["energy"] = json_array(energies.at(energies.completed(grid)));
  return json;
}

}  // namespace

Json inference_pictures(const ProblemFile& file, const std::vector<RowMinima>& found,
                        LatentRule latents, const Executor& executor) {
  Json json{{"minima", nullptr}, {"why_not", Json::object()}};
  const ModelShape shape = file.problem.model.shape();
  if (shape.num_y() != 1 || shape.y[0].kind != ColumnKind::real) {
    json["why_not"]["minima"] = "y is not one real column";
    return json;
  }
  Json all{{"y", file.data.y_columns[0].name}, {"x", Json::array()}, {"rows", Json::array()}};
  for (const DataColumn& column : file.data.x_columns) {
    all["x"].push_back(column.name);
  }
  try {
    for (const Index row : rows_shown(std::ssize(found))) {
      all["rows"].push_back(
          profile_of(file, found[static_cast<std::size_t>(row)], row, latents, executor));
    }
    json["minima"] = std::move(all);
  } catch (const Error& failed) {  // no reason to lose the result that it belongs to
    json["why_not"]["minima"] = failed.what();
  }
  return json;
}

}  // namespace negphase::tool
