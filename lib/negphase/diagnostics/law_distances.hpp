#pragma once
#include <Eigen/Core>

namespace negphase {

/// Distances of two laws p and q on the same states, each summing to 1; total_variation() is in
/// exact/total_variation.hpp. Beside each stands what it is on average between p and the shares
/// q_k = n_k / n of n independent draws from p: the noise below which no sampler comes but by
/// chance. n_k is binomial, so the average is a sum over states of one binomial mean each; that is
/// summed outwards from its largest weight until the rest is below 1e-17 of it, whatever the size
/// of n p_k: no normal approximation, which fails for states that are hardly ever visited.
/// Cost of an average: 20 sqrt(n p_k) terms a state, at most 20 sqrt(n states) in all, and at least
/// 20 a state. Its relative error is below 1e-11 for n up to 1e9: weights are products of at most
/// 10 sqrt(n) ratios, and phi below loses 2e-16 sqrt(n) to cancellation.
/// @param draws  effective number of draws, taken to the nearest whole number; below 1/2, or not
/// finite, the average is NaN

/// KL(q | p) = sum_k q_k log(q_k / p_k); +inf where q has a state that p has not. Summed as
/// sum_k p_k phi(q_k / p_k), phi(x) = x log x - x + 1 >= 0, whose terms do not cancel.
double kl_divergence(const Eigen::ArrayXd& q, const Eigen::ArrayXd& p);
/// E KL(q | p), about (states - 1) / (2 n) where n is large.
double expected_kl_divergence(const Eigen::ArrayXd& p, double draws);

/// The squared Hellinger distance, sum_k (sqrt(q_k) - sqrt(p_k))^2 / 2 = 1 - sum_k sqrt(q_k p_k),
/// between 0 and 1.
double squared_hellinger(const Eigen::ArrayXd& q, const Eigen::ArrayXd& p);
/// E of the squared Hellinger distance, about (states - 1) / (8 n) where n is large.
double expected_squared_hellinger(const Eigen::ArrayXd& p, double draws);

/// A bound on the probability that n independent draws from p have a total variation of `value` or
/// more: exp(-2 n (value - expected)^2) where value is above the expected one, else 1. One draw
/// changes the total variation by at most 1 / n. Source: McDiarmid, "On the method of bounded
/// differences", 1989.
double total_variation_p_bound(double value, double expected, double draws);

}  // namespace negphase
