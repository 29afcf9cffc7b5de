#include "support/diagnostic_cases.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace negphase::testing {
namespace {

using Lines = std::vector<std::vector<std::string>>;

Lines fields_of(const std::string& name) {
  const std::string path = std::string(TEST_VECTOR_DIR) + "/" + name;
  std::ifstream file(path);
  Lines lines;
  for (std::string line; std::getline(file, line);) {
    std::istringstream text(line);
    lines.emplace_back();
    for (std::string field; std::getline(text, field, ',');) {
      lines.back().push_back(field);
    }
  }
  if (lines.empty()) {
    throw std::runtime_error("cannot read " + path);
  }
  return lines;
}

const Lines& expected_lines() {
  static const Lines lines = fields_of("diagnostics_expected.csv");
  return lines;
}

Eigen::ArrayXXd draws_of(const std::string& name) {
  const Lines lines = fields_of("chains/" + name + ".csv");
  Eigen::ArrayXXd draws(static_cast<Eigen::Index>(lines.size()) - 1,
                        static_cast<Eigen::Index>(lines[0].size()));
  for (Eigen::Index i = 0; i < draws.rows(); ++i) {
    for (Eigen::Index c = 0; c < draws.cols(); ++c) {
      draws(i, c) =
          std::stod(lines[static_cast<std::size_t>(i) + 1].at(static_cast<std::size_t>(c)));
    }
  }
  return draws;
}

std::vector<DiagnosticCase> read_cases() {
  std::vector<DiagnosticCase> cases;
  const Lines& lines = expected_lines();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    DiagnosticCase one{lines[i].front(), draws_of(lines[i].front()), {}, lines[i].back()};
    for (std::size_t k = 1; k + 1 < lines[i].size(); ++k) {
      one.expected.push_back(std::stod(lines[i][k]));
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace

const std::vector<DiagnosticCase>& diagnostic_cases() {
  static const std::vector<DiagnosticCase> cases = read_cases();
  return cases;
}

const std::vector<std::string>& figure_names() {
  static const std::vector<std::string> names(expected_lines()[0].begin() + 1,
                                              expected_lines()[0].end() - 1);
  return names;
}

double relative_difference(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) {
    return 0;
  }
  if (!std::isfinite(a) || !std::isfinite(b)) {
    return std::numeric_limits<double>::infinity();
  }
  return std::abs(a - b) / std::max(std::abs(a), std::abs(b));
}

std::vector<std::string> wrong_cases(const std::string& figure,
                                     const std::function<double(const Eigen::ArrayXXd&)>& of) {
  const auto& names = figure_names();
  const auto found = std::find(names.begin(), names.end(), figure);
  if (found == names.end()) {
    throw std::runtime_error("no figure " + figure);
  }
  const auto k = static_cast<std::size_t>(found - names.begin());
  std::vector<std::string> wrong;
  for (const DiagnosticCase& one : diagnostic_cases()) {
    if (!(relative_difference(of(one.draws), one.expected[k]) <= 1e-10)) {
      wrong.push_back(one.name);
    }
  }
  return wrong;
}

}  // namespace negphase::testing
