#pragma once
#include <vector>

#include "negphase/exact/bind_row.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// The exact answer for one row of x under an energy with a gaussian() view.
struct GaussianSum {
  double log_z = 0;
  double error = 0;                 ///< rounding of log_z, as an order of magnitude
  Eigen::VectorXd mean_param_grad;  ///< [P] E_p[dE/dW]; empty where the energy has no param_grad
  double evaluations = 0;
};

/// log Z and E_p[dE/dW] of E = y'P y/2 - b'y + const under p = exp(-beta E) / Z (M2), closed form:
///   log Z = -beta E(m) + (d/2) log(2 pi / beta) - (1/2) log det P,  m = P^-1 b.
/// The mean of dE/dW is that over the 2d points m +- sqrt(d) l_i, l_i the columns of a root of the
/// covariance P^-1 / beta: a cubature of degree 3 (Stroud 1957), exact because dE/dW of an energy
/// that is quadratic in y for all W is quadratic in y.
///
/// Rows in parallel. Cost a row: d^3 / 3 and 2d energies. Throws ConfigError at beta = 0 and
/// ModelError where P is not positive definite: neither is normalisable.
std::vector<GaussianSum> integrate_gaussian(const BindRow& bind, Index rows, double beta,
                                            const Executor& executor);

}  // namespace negphase
