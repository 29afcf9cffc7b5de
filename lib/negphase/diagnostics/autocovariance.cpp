#include "negphase/diagnostics/autocovariance.hpp"

#include <algorithm>
#include <bit>
#include <complex>
#include <unsupported/Eigen/FFT>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/chain_arrays.hpp"
#include "negphase/diagnostics/sorted_draws.hpp"

namespace negphase {
namespace {

// Beyond so many lags the transform costs less than the lags before it did.
constexpr Index sums_per_bit = 16, counts_per_bit = 256;

Index bits_of(Index num_draws) {
  return static_cast<Index>(std::bit_width(static_cast<std::size_t>(num_draws)));
}

/// Sums of products at all lags 0 .. n-1, added up over the columns.
std::vector<double> products_by_transform(const Eigen::ArrayXXd& x) {
  const Index n = x.rows();
  // Padded so that no product wraps around.
  const auto size = static_cast<std::size_t>(std::bit_ceil(static_cast<std::size_t>(2 * n)));
  Eigen::FFT<double> fft;
  fft.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  std::vector<double> padded(size, 0.0);
  std::vector<std::complex<double>> spectrum, power(size / 2 + 1);
  for (Index c = 0; c < x.cols(); ++c) {
    std::copy_n(x.col(c).data(), n, padded.begin());
    fft.fwd(spectrum, padded);
    for (std::size_t k = 0; k < power.size(); ++k) {
      power[k] += std::norm(spectrum[k]);
    }
  }
  std::vector<double> sums;
  fft.inv(sums, power, static_cast<Index>(size));
  sums.resize(static_cast<std::size_t>(n));
  return sums;
}

}  // namespace

double ChainAutocovariance::operator()(Index lag) {
  const Index n = centred_.rows();
  if (by_transform_.empty() && lag > sums_per_bit * bits_of(n)) {
    by_transform_ = products_by_transform(centred_);
  }
  double sum = 0;
  if (!by_transform_.empty()) {
    sum = by_transform_[static_cast<std::size_t>(lag)];
  } else {
    for (Index c = 0; c < centred_.cols(); ++c) {
      sum += (centred_.col(c).head(n - lag) * centred_.col(c).tail(n - lag)).sum();
    }
  }
  return sum / static_cast<double>(centred_.size());
}

IndicatorAutocovariance::IndicatorAutocovariance(Index num_draws, Index num_chains,
                                                 std::span<const std::uint32_t> ones)
    : num_draws_(num_draws),
      num_chains_(num_chains),
      words_((num_draws + 63) / 64),
      bits_(static_cast<std::size_t>(words_ * num_chains)),
      ones_(static_cast<std::size_t>(num_chains)),
      ends_(static_cast<std::size_t>(num_chains)) {
  const auto n = static_cast<std::uint32_t>(num_draws);
  for (const std::uint32_t place : ones) {
    if (place != SortedDraws::left_out) {
      const std::uint32_t chain = place / n, draw = place % n;
      bits_[static_cast<std::size_t>(words_) * chain + draw / 64] |= std::uint64_t{1} << draw % 64;
      ++ones_[chain];
    }
  }
}

bool IndicatorAutocovariance::bit(Index draw, Index chain) const {
  const std::uint64_t word = bits_[static_cast<std::size_t>(words_ * chain + draw / 64)];
  return (word >> (draw % 64) & 1) != 0;
}

Index IndicatorAutocovariance::ones_apart(Index lag, Index chain) const {
  const std::uint64_t* x = bits_.data() + words_ * chain;
  const Index skip = lag / 64;
  const int shift = static_cast<int>(lag % 64);
  Index count = 0;
  for (Index w = 0; w + skip < words_; ++w) {
    std::uint64_t later = x[w + skip] >> shift;
    if (shift > 0 && w + skip + 1 < words_) {
      later |= x[w + skip + 1] << (64 - shift);
    }
    count += std::popcount(x[w] & later);
  }
  return count;
}

double IndicatorAutocovariance::operator()(Index lag) {
  if (lag != lag_ + 1) {
    throw UsageError("autocovariances of an indicator are taken at lags 0, 1, 2, ... in order");
  }
  lag_ = lag;
  if (lag == counts_per_bit * bits_of(num_draws_)) {
    transform();
  }
  const double sum =
      by_transform_.empty() ? by_counts(lag) : by_transform_[static_cast<std::size_t>(lag)];
  return sum / static_cast<double>(num_draws_ * num_chains_);
}

void IndicatorAutocovariance::transform() {
  Eigen::ArrayXXd centred(num_draws_, num_chains_);
  for (Index c = 0; c < num_chains_; ++c) {
    const double mean =
        static_cast<double>(ones_[static_cast<std::size_t>(c)]) / static_cast<double>(num_draws_);
    for (Index i = 0; i < num_draws_; ++i) {
      centred(i, c) = (bit(i, c) ? 1.0 : 0.0) - mean;
    }
  }
  by_transform_ = products_by_transform(centred);
}

double IndicatorAutocovariance::by_counts(Index lag) {
  const double n = static_cast<double>(num_draws_);
  double sum = 0;
  for (Index c = 0; c < num_chains_; ++c) {
    const auto at = static_cast<std::size_t>(c);
    if (lag > 0) {
      ends_[at] += (bit(lag - 1, c) ? 1 : 0) + (bit(num_draws_ - lag, c) ? 1 : 0);
    }
    // sum (b_i - m)(b_{i+t} - m), m = ones / n: of the 2 (n - t) factors all but the ends are
    // ones_.
    const double ones = static_cast<double>(ones_[at]), m = ones / n;
    sum += static_cast<double>(ones_apart(lag, c)) -
           m * (2 * ones - static_cast<double>(ends_[at])) + (n - static_cast<double>(lag)) * m * m;
  }
  return sum;
}

double IndicatorAutocovariance::between() const {
  Eigen::ArrayXd means(num_chains_);
  for (Index c = 0; c < num_chains_; ++c) {
    means[c] =
        static_cast<double>(ones_[static_cast<std::size_t>(c)]) / static_cast<double>(num_draws_);
  }
  return sample_variance(means);
}

Eigen::ArrayXXd autocovariances(const Eigen::Ref<const Eigen::ArrayXXd>& draws, Index max_lag) {
  if (draws.rows() < 2 || draws.cols() < 1 || max_lag < 0 || max_lag >= draws.rows()) {
    throw UsageError("autocovariances need 2 draws and lags below the number of draws");
  }
  Eigen::ArrayXXd result(max_lag + 1, draws.cols());
  for (Index c = 0; c < draws.cols(); ++c) {
    const CentredChains chain(draws.col(c));
    ChainAutocovariance at(chain.centred());
    for (Index lag = 0; lag <= max_lag; ++lag) {
      result(lag, c) = at(lag);
    }
  }
  return result;
}

}  // namespace negphase
