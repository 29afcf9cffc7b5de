#pragma once
#include <string>

#include "negphase/gradient/estimate.hpp"
#include "negphase/parallel/executor.hpp"
#include "negphase/run/settings.hpp"

namespace negphase::testing {

/// "rbm_3x2" or "rbm_3x2_strong" of exact_models.json with its four data rows, and the gradients
/// there
/// ("exact_grad_nll", "expected_cd1_grad", ...) in the order of RbmModel's parameters. At beta = 1
/// the vectors' gradients, which are beta x M6, are M6.
Problem rbm_problem(const std::string& name);
Eigen::VectorXd rbm_gradient(const std::string& name, const std::string& which);

/// An 8-spin glass: couplings N(0, 1/8), fields N(0, 0.3^2), frozen numbers, with 6 data rows.
Problem glass_problem(double beta);

/// The conditional quartic on 20 rows of x spread over [-2, 2], y at the rows' lower wells.
Problem quartic_problem(Index rows);

/// Settings on an executor of the test's own.
RunSettings settings_on(const Executor& executor, std::uint64_t seed);

/// Largest |z| that P components show by chance in one of a million looks: the two-sided normal
/// quantile at 1e-6 / P.
double z_bound(Index components);

}  // namespace negphase::testing
