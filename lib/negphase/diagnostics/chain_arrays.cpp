#include "negphase/diagnostics/chain_arrays.hpp"

#include "negphase/core/error.hpp"

namespace negphase {

Eigen::ArrayXXd split_chains(const Eigen::Ref<const Eigen::ArrayXXd>& draws) {
  const Index half = draws.rows() / 2;
  Eigen::ArrayXXd split(half, 2 * draws.cols());
  for (Index c = 0; c < draws.cols(); ++c) {
    split.col(2 * c) = draws.col(c).head(half);
    split.col(2 * c + 1) = draws.col(c).tail(half);
  }
  return split;
}

double sample_variance(const Eigen::Ref<const Eigen::ArrayXd>& values) {
  if (values.size() < 2) {
    return 0;
  }
  return (values - values.mean()).square().sum() / static_cast<double>(values.size() - 1);
}

CentredChains::CentredChains(const Eigen::Ref<const Eigen::ArrayXXd>& draws)
    : centred_(draws.rows(), draws.cols()), means_(draws.cols()) {
  if (draws.rows() < 2 || draws.cols() < 1) {
    throw UsageError("chains need a variance: at least one chain of at least 2 draws");
  }
  double squares = 0;
  for (Index c = 0; c < draws.cols(); ++c) {
    // About the chain's first draw: what never changes is 0, not a rounding error.
    centred_.col(c) = draws.col(c) - draws(0, c);
    const double mean = centred_.col(c).mean();
    centred_.col(c) -= mean;
    means_[c] = (draws(0, c) - draws(0, 0)) + mean;
    squares += centred_.col(c).square().sum();
  }
  within_ = squares / static_cast<double>((num_draws() - 1) * num_chains());
  between_ = sample_variance(means_);
}

}  // namespace negphase
