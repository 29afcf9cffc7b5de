#pragma once
#include "negphase/gradient/criteria/row_blocks.hpp"

namespace negphase {

// With the score s(y) = grad_y log p(y | x) = -beta grad F(y), of which log Z is no part. All for a
// real y, with z summed out.
//
// Derivatives of F and of dF/dW in y are central differences of order four over the points y + a t
// v, a = -2 .. 2:
//   D f = (f(-2) - 8 f(-1) + 8 f(1) - f(2)) / 12t,             error t^4 f^(5) / 30, rounding eps
//   |f| / t D2f = (-f(-2) + 16 f(-1) - 30 f(0) + 16 f(1) - f(2)) / 12t^2, error t^4 f^(6) / 90,
//                                                             rounding 16 eps |f| / 3t^2
// so that the steps are t = eps^(1/6) = 2.5e-3 where both are needed, and eps^(1/5) = 7e-4 for a
// first one, in units of `scale`: the relative error is below 1e-10 (1e-12) where F varies on the
// scale of the data, and none but rounding for energies that are polynomials of degree 4. Value and
// gradient take the same points: the gradient is that of the value to rounding, whatever the
// differences are off by.

/// Score matching, value in 1/y^2:
///   J = mean_r sum_j [ s_j^2 / 2 + ds_j/dy_j ] = mean_r [ beta^2 |grad F|^2 / 2 - beta Lap F ]
/// For data of density q this is E_q |s - grad log q|^2 / 2 up to a constant. No sampling.
/// Of finitely many rows J has no least value where the energy can be bent as one likes: a needle
/// at a datum has s = 0 there and -Lap F without limit. Weight decay or noise on the data blunt it.
/// Cost a row: 4 num_y energies and parameter gradients.
/// Source: Hyvarinen, Estimation of non-normalized statistical models by score matching, JMLR 6
/// (2005), theorem 1.
/// @param scale  [num_y] unit of the differences (column_scales of all data)
/// Throws ConfigError where why_no_score_matching(), ModelError where an energy beside a datum is
/// not finite, and as mean_over_rows().
CriterionValue score_matching(const Problem& problem, const Eigen::VectorXd& scale,
                              const Executor& executor);

/// The same along random directions v with E[v v'] = I, mean over the slices too:
///   J = mean_r [ (v's)^2 / 2 + v' (ds/dy) v ]
/// Its expectation over v is score_matching(). Cost a row and slice: 4 energies and parameter
/// gradients, whatever num_y.
/// Source: Song, Garg, Shi and Ermon, Sliced score matching, UAI 2019.
/// @param slices  each [rows x num_y], one at least
CriterionValue sliced_score_matching(const Problem& problem, const Eigen::VectorXd& scale,
                                     const std::vector<Eigen::MatrixXd>& slices,
                                     const Executor& executor);

/// Score matching to data with noise of a known score, y~ = y + sigma e:
///   J = mean_r |s(y~) + e / sigma|^2 / 2
/// Its minimum is the law of the data convolved with N(0, sigma^2 I), not that of the data: a bias
/// of O(sigma^2) for a variance of O(1 / sigma^2). Cost a row: one dF/dy, 4 parameter gradients.
/// Source: Vincent, A connection between score matching and denoising autoencoders, Neural
/// Computation 23 (2011).
/// @param noise_scale  sigma > 0, in the unit of y
/// @param noise        e [rows x num_y]
/// Throws ConfigError also where the free energy has no energy_and_grad.
CriterionValue denoising_score_matching(const Problem& problem, const Eigen::VectorXd& scale,
                                        double noise_scale, const Eigen::MatrixXd& noise,
                                        const Executor& executor);

/// Standard deviation of each column of y [num_y]; 1 where it is 0.
Eigen::VectorXd column_scales(const Eigen::MatrixXd& y);

/// "" where they apply.
std::string why_no_score_matching(const Problem& problem);

}  // namespace negphase
