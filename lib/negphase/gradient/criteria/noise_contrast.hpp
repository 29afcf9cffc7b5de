#pragma once
#include "negphase/gradient/criteria/noise_distribution.hpp"
#include "negphase/gradient/criteria/row_blocks.hpp"

namespace negphase {

/// A criterion of binary noise contrast, and the log Z that goes with it.
struct BinaryContrast {
  CriterionValue criterion;
  double log_z = 0;
};

/// Binary noise-contrastive estimation: telling a datum y_0 from k draws y_1 .. y_k of a noise q by
/// logistic regression on G(y) = -beta F(y) - c - log(k q(y)), where c stands for log Z:
///   J = (1/beta) mean_r [ log(1 + exp(-G(y_0))) + sum_i log(1 + exp(G(y_i))) ]
///   dJ/dW = mean_r [ s(-G(y_0)) dF(y_0) - sum_i s(G(y_i)) dF(y_i) ]
/// In expectation least at the law of the data with c = log Z, for any q that is nowhere 0 where
/// the data are not; for k -> inf the gradient tends to M6. Scaled by 1/beta as M4.
///
/// c is a number of the model's own, so that it can be had for one Z only: of a model without x.
/// Where `log_z` is missing it is the c that makes J least for these rows and this noise (a convex
/// problem in one unknown, solved to rounding): the minimum over W is then that over (W, c), and by
/// the envelope theorem the gradient is the one above. The price: on a minibatch c is fitted to it,
/// which biases the gradient by O(1 / rows of the batch).
/// Cost a row: 1 + k energies and parameter gradients.
/// Source: Gutmann and Hyvarinen, Noise-contrastive estimation, AISTATS 2010; k > 1: JMLR 13
/// (2012). Throws ConfigError where the model has an x, ModelError where a noise sample has energy
/// NaN or -inf, UsageError where the noise has another shape, and as mean_over_rows().
BinaryContrast binary_nce(const Problem& problem, const NoiseSamples& noise,
                          std::optional<double> log_z, const Executor& executor);

/// Ranking noise-contrastive estimation: which of y_0 .. y_k is the datum? With
/// w_i = (exp(-beta F(y_i)) / q(y_i)) / sum_l exp(-beta F(y_l)) / q(y_l), i = 0 .. k:
///   J = -(1/beta) mean_r log w_0,  dJ/dW = mean_r [ dF(y_0) - sum_i w_i dF(y_i) ]
/// log Z(x) cancels, so it holds for conditional models too; the negative phase is self-normalised
/// importance sampling (M8) with the datum among its draws. Scaled by 1/beta as M4.
/// Cost and errors as binary_nce(), but for x.
/// Source: Ma and Collins, Noise contrastive estimation and negative sampling for conditional
/// models, EMNLP 2018 (InfoNCE: van den Oord et al. 2018).
CriterionValue ranking_nce(const Problem& problem, const NoiseSamples& noise,
                           const Executor& executor);

}  // namespace negphase
