#include "support/problems.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/random/normal_distribution.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "negphase/random/stream_engine.hpp"
#include "support/pairwise_energy.hpp"

namespace negphase::testing {

namespace {

nlohmann::json exact_models() {
  std::ifstream file(TEST_VECTOR_DIR "/exact_models.json");
  return nlohmann::json::parse(file);
}

double number(const nlohmann::json& word) { return std::stod(word.get<std::string>()); }

// W row by row, a, c: the order of RbmModel
Eigen::VectorXd flat(const nlohmann::json& parts) {
  std::vector<double> all;
  for (const auto& row : parts["W"]) {
    for (const auto& w : row) {
      all.push_back(number(w));
    }
  }
  for (const char* bias : {"a", "c"}) {
    for (const auto& w : parts[bias]) {
      all.push_back(number(w));
    }
  }
  return Eigen::Map<Eigen::VectorXd>(all.data(), static_cast<Index>(all.size()));
}

}  // namespace

Problem rbm_problem(const std::string& name) {
  const auto model = exact_models()[name];
  Eigen::MatrixXd y(4, 3);
  for (Index r = 0; r < 4; ++r) {
    for (Index j = 0; j < 3; ++j) {
      y(r, j) =
          model["data"][static_cast<std::size_t>(r)][static_cast<std::size_t>(j)].get<double>();
    }
  }
  return {RbmModel(3, 2, flat(model)), Eigen::MatrixXd(4, 0), y, 1.0};
}

Eigen::VectorXd rbm_gradient(const std::string& name, const std::string& which) {
  return flat(exact_models()[name][which]);
}

Problem glass_problem(double beta) {
  StreamEngine engine(7, 0, 0, Purpose::user);
  boost::random::normal_distribution<double> normal;
  Params w(36);
  for (Index i = 0; i < 36; ++i) {
    w[i] = (i < 28 ? 1 / std::sqrt(8.0) : 0.3) * normal(engine);
  }
  Eigen::MatrixXd y(6, 8);
  for (Index r = 0; r < 6; ++r) {
    for (Index j = 0; j < 8; ++j) {
      y(r, j) = (r * 5 + j * 3 + r * j) % 7 < 3 ? 1 : -1;
    }
  }
  return {PairwiseModel(ColumnKind::spin, 8, w), Eigen::MatrixXd(6, 0), y, beta};
}

Problem quartic_problem(Index rows) {
  Params w(4);
  w << 0.6, -0.4, 1.1, 0.2;
  Eigen::MatrixXd x(rows, 1), y(rows, 1);
  for (Index r = 0; r < rows; ++r) {
    x(r, 0) = rows > 1 ? -2 + 4.0 * static_cast<double>(r) / static_cast<double>(rows - 1) : 0.5;
    y(r, 0) = x(r, 0) < 0 ? -1.2 : 1.1;
  }
  return {QuarticModel(w), x, y, 1.0};
}

RunSettings settings_on(const Executor& executor, std::uint64_t seed) {
  RunSettings settings;
  settings.executor = &executor;
  settings.seed = seed;
  return settings;
}

double z_bound(Index components) {
  const double tail = 1e-6 / static_cast<double>(components) / 2;
  return boost::math::quantile(
      boost::math::complement(boost::math::normal_distribution<double>(), tail));
}

}  // namespace negphase::testing
