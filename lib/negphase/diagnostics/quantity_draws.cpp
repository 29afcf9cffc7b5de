#include "negphase/diagnostics/quantity_draws.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/autocovariance.hpp"
#include "negphase/diagnostics/mcse.hpp"
#include "negphase/diagnostics/rhat.hpp"

namespace negphase {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr Index least_draws = 4, least_draws_for_size = 12;

/// Of the largest of |x|, where that is so large or small that fourth powers would be lost.
int exponent_of(const Eigen::ArrayXXd& draws) {
  const double largest = draws.size() > 0 ? draws.abs().maxCoeff() : 0;
  const int exponent = largest > 0 ? std::ilogb(largest) : 0;
  return std::abs(exponent) > 100 ? exponent : 0;
}

void check_probability(double p) {
  if (!(p >= 0 && p <= 1)) {
    throw UsageError("a quantile is asked for by a probability between 0 and 1");
  }
}

}  // namespace

QuantityDraws::QuantityDraws(const Eigen::Ref<const Eigen::ArrayXXd>& draws,
                             const NormalScores* scores)
    : draws_(draws), shared_scores_(scores) {
  classify();
  if (kind_ != Kind::non_finite) {
    exponent_ = exponent_of(draws_);
    if (exponent_ != 0) {
      draws_ = draws_.unaryExpr([this](double x) { return std::ldexp(x, -exponent_); }).eval();
    }
  }
}

void QuantityDraws::classify() {
  too_short_ = draws_.rows() < least_draws_for_size || draws_.cols() == 0;
  if (!draws_.allFinite()) {
    kind_ = Kind::non_finite;
    return;
  }
  Index frozen = 0;
  for (Index c = 0; c < draws_.cols() && draws_.rows() > 0; ++c) {
    frozen += (draws_.col(c) == draws_(0, c)).all() ? 1 : 0;
  }
  if (draws_.rows() < least_draws || draws_.cols() == 0) {
    kind_ = Kind::too_short_for_all;
  } else if (frozen == draws_.cols()) {
    kind_ = (draws_ == draws_(0, 0)).all() ? Kind::constant : Kind::all_frozen;
  } else {
    kind_ = too_short_ ? Kind::too_short_for_size : Kind::usable;
    one_frozen_ = frozen > 0;
  }
}

std::vector<std::string> QuantityDraws::flags() const {
  switch (kind_) {
    case Kind::non_finite:
      return {"non-finite"};
    case Kind::constant:
      return {"constant"};
    case Kind::all_frozen:
      return {"all-chains-frozen"};
    default:
      break;
  }
  std::vector<std::string> result;
  for (const auto& [is_set, name] : {std::pair{one_frozen_, "one-chain-frozen"},
                                     {too_short_, "too-short"},
                                     {edge_quantile_, "edge-quantile"},
                                     {capped_, "capped"}}) {
    if (is_set) {
      result.emplace_back(name);
    }
  }
  return result;
}

double QuantityDraws::mean() const {
  if (kind_ == Kind::non_finite || draws_.size() == 0) {
    return none;
  }
  // About the first draw: what never changes has its own value for a mean.
  const double mean = draws_(0, 0) + (draws_ - draws_(0, 0)).mean();
  return std::ldexp(mean, exponent_);
}

double QuantityDraws::sd() const {
  if (kind_ == Kind::non_finite || draws_.size() < 2) {
    return none;
  }
  const Eigen::ArrayXXd about_first = draws_ - draws_(0, 0);
  const Eigen::Map<const Eigen::ArrayXd> all(about_first.data(), about_first.size());
  return std::ldexp(std::sqrt(sample_variance(all)), exponent_);
}

double QuantityDraws::quantile(double p) const {
  check_probability(p);
  return has_rhat() ? std::ldexp(sorted().quantile(p), exponent_) : none;
}

const CentredChains& QuantityDraws::split() const {
  if (!split_) {
    split_.emplace(split_chains(draws_));
  }
  return *split_;
}

const SortedDraws& QuantityDraws::sorted() const {
  if (!sorted_) {
    sorted_.emplace(draws_);
  }
  return *sorted_;
}

const NormalScores& QuantityDraws::scores() const {
  const Index wanted = num_split_draws(draws_.rows(), draws_.cols());
  if (shared_scores_ != nullptr && shared_scores_->num_ranks() == wanted) {
    return *shared_scores_;
  }
  if (!own_scores_) {
    own_scores_.emplace(wanted);
  }
  return *own_scores_;
}

const CentredChains& QuantityDraws::scored() const {
  if (!scored_) {
    scored_.emplace(normal_scores(sorted(), scores()));
  }
  return *scored_;
}

double QuantityDraws::rhat_unsplit() const {
  if (kind_ == Kind::all_frozen) {
    return std::numeric_limits<double>::infinity();
  }
  return has_rhat() ? negphase::rhat(CentredChains(draws_)) : none;
}

double QuantityDraws::rhat_split() const {
  if (kind_ == Kind::all_frozen) {
    return std::numeric_limits<double>::infinity();
  }
  return has_rhat() ? negphase::rhat(split()) : none;
}

double QuantityDraws::rhat_rank_bulk() const {
  if (kind_ == Kind::all_frozen) {
    return std::numeric_limits<double>::infinity();
  }
  return has_rhat() ? negphase::rhat(scored()) : none;
}

double QuantityDraws::rhat_rank_folded() const {
  if (!rhat_rank_folded_) {
    rhat_rank_folded_ =
        has_rhat() ? negphase::rhat(CentredChains(normal_scores(sorted().folded(), scores())))
                   : none;
  }
  return *rhat_rank_folded_;
}

double QuantityDraws::rhat() const {
  const double bulk = rhat_rank_bulk(), folded = rhat_rank_folded();
  return std::isnan(folded) ? bulk : std::max(bulk, folded);
}

double QuantityDraws::noted(const EffectiveSize& size) const {
  capped_ = capped_ || size.capped;
  return size.size;
}

double QuantityDraws::ess_unsplit() const {
  return kind_ == Kind::usable ? noted(effective_size(CentredChains(draws_))) : none;
}

double QuantityDraws::ess_mean() const {
  if (!ess_mean_) {
    ess_mean_ = kind_ == Kind::usable ? noted(effective_size(split())) : none;
  }
  return *ess_mean_;
}

double QuantityDraws::ess_of_squares() const {
  const double mean = draws_.mean();
  const Eigen::ArrayXXd squares = (draws_ - mean).square();
  const double largest = squares.maxCoeff();
  // Two values at one distance from the mean: what is left of a difference is rounding.
  const double rounding =
      8 * std::numeric_limits<double>::epsilon() * draws_.abs().maxCoeff() * std::sqrt(largest);
  return largest - squares.minCoeff() > rounding
             ? noted(effective_size(CentredChains(split_chains(squares))))
             : none;
}

double QuantityDraws::ess_sd() const {
  if (!ess_sd_) {
    ess_sd_ = kind_ == Kind::usable ? ess_of_squares() : none;
  }
  return *ess_sd_;
}

double QuantityDraws::ess_bulk() const {
  if (!ess_bulk_) {
    ess_bulk_ = kind_ == Kind::usable ? noted(effective_size(scored())) : none;
  }
  return *ess_bulk_;
}

double QuantityDraws::ess_quantile(double p) const {
  check_probability(p);
  if (kind_ != Kind::usable) {
    return none;
  }
  const auto [at, is_new] = ess_quantiles_.try_emplace(p, none);
  if (is_new) {
    at->second = ess_of_indicator(p);
  }
  return at->second;
}

double QuantityDraws::ess_of_indicator(double p) const {
  const SortedDraws& draws = sorted();
  const auto values = draws.values();
  const auto at = std::upper_bound(values.begin(), values.end(), draws.quantile(p));
  const auto count = static_cast<std::size_t>(at - values.begin());
  // An indicator and its complement have one autocovariance: the smaller set is marked.
  const bool lower = count <= values.size() / 2;
  const auto marked = lower ? draws.places().first(count) : draws.places().subspan(count);
  IndicatorAutocovariance autocovariance(draws.num_split_draws(), draws.num_split_chains(), marked);
  return noted(effective_size(draws.num_split_draws(), draws.num_split_chains(),
                              autocovariance.between(),
                              [&](Index lag) { return autocovariance(lag); }));
}

double QuantityDraws::ess_tail() const {
  const double low = ess_quantile(0.05), high = ess_quantile(0.95);
  edge_quantile_ = kind_ == Kind::usable && (std::isnan(low) || std::isnan(high));
  return edge_quantile_ ? none : std::min(low, high);
}

double QuantityDraws::autocorrelation_time() const {
  return static_cast<double>(num_split_draws(draws_.rows(), draws_.cols())) / ess_mean();
}

double QuantityDraws::mcse_mean() const { return negphase::mcse_mean(sd(), ess_mean()); }

double QuantityDraws::mcse_sd() const {
  const double size = ess_sd();
  return std::isnan(size) ? none : std::ldexp(negphase::mcse_sd(draws_, size), exponent_);
}

double QuantityDraws::mcse_quantile(double p) const {
  return kind_ == Kind::usable
             ? std::ldexp(negphase::mcse_quantile(sorted(), p, ess_quantile(p)), exponent_)
             : none;
}

}  // namespace negphase
