#include "support/zoo.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

namespace negphase::testing {

namespace {

nlohmann::json read(const std::string& name) {
  std::ifstream file(std::string(TEST_VECTOR_DIR) + "/" + name);
  return nlohmann::json::parse(file);
}

// numbers stand as strings of 17 digits
double number(const nlohmann::json& value) { return std::stod(value.get<std::string>()); }

}  // namespace

Eigen::MatrixXd reference_matrix(const std::string& kernel) {
  const nlohmann::json rows =
      read("transition_matrices.json").at("kernels").at(kernel).at("matrix");
  Eigen::MatrixXd p(8, 8);
  for (Index i = 0; i < 8; ++i) {
    for (Index j = 0; j < 8; ++j) {
      p(i, j) = number(rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
    }
  }
  return p;
}

Eigen::VectorXd reference_pi() {
  const nlohmann::json values = read("transition_matrices.json").at("model").at("pi");
  Eigen::VectorXd pi(8);
  for (Index i = 0; i < 8; ++i) {
    pi[i] = number(values[static_cast<std::size_t>(i)]);
  }
  return pi;
}

std::vector<MalaRow> reference_mala() {
  std::vector<MalaRow> rows;
  const nlohmann::json langevin = read("langevin.json");
  for (const auto& row : langevin.at("mala")) {
    rows.push_back({number(row.at("x")), number(row.at("y")), number(row.at("step")),
                    number(row.at("beta")), number(row.at("log_accept")),
                    number(row.at("noise_that_proposes_y"))});
  }
  return rows;
}

std::vector<UlaRow> reference_ula() {
  std::vector<UlaRow> rows;
  const nlohmann::json langevin = read("langevin.json");
  for (const auto& row : langevin.at("ula_gaussian")) {
    rows.push_back({number(row.at("k")), number(row.at("step")), number(row.at("beta")),
                    number(row.at("stationary_variance"))});
  }
  return rows;
}

}  // namespace negphase::testing
