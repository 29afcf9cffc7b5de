#pragma once
#include <Eigen/Core>
#include <functional>
#include <string>
#include <vector>

namespace negphase::testing {

/// A case of vectors/diagnostics_expected.csv: draws, and what is to be said of them.
struct DiagnosticCase {
  std::string name;
  Eigen::ArrayXXd draws;         ///< [draws x chains]
  std::vector<double> expected;  ///< in the order of figure_names()
  std::string flags;             ///< "ok" for none
};

/// All 26 of them.
const std::vector<DiagnosticCase>& diagnostic_cases();
/// The columns of the file: 22 figures less the flags.
const std::vector<std::string>& figure_names();

/// 0 where both are NaN or equal, else the difference relative to the larger; infinity where only
/// one is a finite number.
double relative_difference(double a, double b);

/// Cases in which the figure of that column is not what the file says, within 1e-10.
std::vector<std::string> wrong_cases(const std::string& figure,
                                     const std::function<double(const Eigen::ArrayXXd&)>& of);

}  // namespace negphase::testing
