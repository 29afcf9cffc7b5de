#include "negphase/diagnostics/running_figures.hpp"

#include <algorithm>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/chain_arrays.hpp"
#include "negphase/diagnostics/effective_size.hpp"
#include "negphase/diagnostics/mcse.hpp"

namespace negphase {
namespace {

constexpr Index least_draws = 4, least_draws_for_size = 12;

/// Part of a chain each, of one length.
using Parts = std::vector<RunningChain::Moments>;

RunningChain::Moments merged(std::span<const RunningChain::Moments> batches) {
  RunningChain::Moments all;
  for (const RunningChain::Moments& batch : batches) {
    all = all.with(batch);
  }
  return all;
}

/// R-hat of parts whose means lack each its shift.
double rhat_of(const Parts& parts, const std::vector<double>& shifts) {
  const double n = static_cast<double>(parts.front().count);
  Eigen::ArrayXd means(static_cast<Index>(parts.size()));
  double within = 0;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    means[static_cast<Index>(k)] = parts[k].mean + shifts[k];
    within += parts[k].squares / (n - 1) / static_cast<double>(parts.size());
  }
  return std::sqrt((n - 1) / n + sample_variance(means) / within);
}

/// The chains' figures as they are made, each function one of them.
struct Together {
  std::span<const RunningChain> chains;
  RunningFigures figures;
  Parts whole;                 ///< each chain
  std::vector<double> shifts;  ///< of each chain's first draw, less that of the first chain
  RunningChain::Moments all;   ///< less the first draw of the first chain

  void set_moments();
  bool set_flags();
  void set_rhats();
  bool set_size_by_lags();
  void set_size_by_batches();
};

void Together::set_moments() {
  for (const RunningChain& chain : chains) {
    whole.push_back(chain.moments());
    shifts.push_back(chain.first_draw() - chains.front().first_draw());
    RunningChain::Moments shifted = whole.back();
    shifted.mean += shifts.back();
    all = all.with(shifted);
  }
  figures.mean = chains.front().first_draw() + all.mean;
  if (all.count > 1) {
    figures.sd = std::sqrt(all.squares / static_cast<double>(all.count - 1));
  }
}

/// Whether more can be said than mean and sd.
bool Together::set_flags() {
  const auto frozen = std::count_if(chains.begin(), chains.end(),
                                    [](const RunningChain& c) { return !c.has_moved(); });
  if (!std::all_of(chains.begin(), chains.end(),
                   [](const RunningChain& c) { return c.is_finite(); })) {
    figures.mean = figures.sd = RunningFigures::none;
    figures.flags = {"non-finite"};
    return false;
  }
  const bool is_short = figures.num_draws < least_draws_for_size;
  if (figures.num_draws >= least_draws && frozen == static_cast<std::ptrdiff_t>(chains.size())) {
    const bool equal = all.squares == 0;
    figures.flags = {equal ? "constant" : "all-chains-frozen"};
    if (!equal) {
      figures.rhat_unsplit = figures.rhat_split = std::numeric_limits<double>::infinity();
    }
    return false;
  }
  if (figures.num_draws >= least_draws && frozen > 0) {
    figures.flags.push_back("one-chain-frozen");
  }
  if (is_short) {
    figures.flags.push_back("too-short");
  }
  return figures.num_draws >= least_draws;
}

void Together::set_rhats() {
  if (chains.size() > 1) {
    figures.rhat_unsplit = rhat_of(whole, shifts);
  }
  Parts halves;
  std::vector<double> shifts_of_halves;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const auto batches = chains[c].batches();
    halves.push_back(merged(batches.first(batches.size() / 2)));
    halves.push_back(merged(batches.last(batches.size() / 2)));
    shifts_of_halves.insert(shifts_of_halves.end(), 2, shifts[c]);
  }
  figures.draws_left_out = figures.num_draws - 2 * halves.front().count;
  figures.rhat_split = rhat_of(halves, shifts_of_halves);
}

/// False where the sequence goes on beyond the lags that were kept.
bool Together::set_size_by_lags() {
  const double count = static_cast<double>(all.count);
  Eigen::ArrayXd means(static_cast<Index>(chains.size()));
  for (std::size_t c = 0; c < chains.size(); ++c) {
    means[static_cast<Index>(c)] = whole[c].mean + shifts[c];
  }
  bool ended = true;
  const EffectiveSize size = effective_size(
      figures.num_draws, static_cast<Index>(chains.size()), sample_variance(means), [&](Index lag) {
        if (lag >= chains.front().lags()) {
          ended = false;
          return -std::numeric_limits<double>::infinity();  // ends the sequence
        }
        double sum = 0;
        for (const RunningChain& chain : chains) {
          sum += chain.products(lag);
        }
        return sum / count;
      });
  if (ended) {
    figures.ess_mean = size.size;
    figures.autocorrelation_time = size.time;
    if (size.capped) {
      figures.flags.push_back("capped");
    }
  }
  return ended;
}

void Together::set_size_by_batches() {
  RunningChain::Moments of_means;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    for (const RunningChain::Moments& batch : chains[c].batches()) {
      of_means = of_means.with({1, batch.mean + shifts[c], 0});
    }
  }
  const double length = static_cast<double>(chains.front().batch_length());
  const double spread = of_means.squares / static_cast<double>(of_means.count - 1);
  const double total = static_cast<double>(all.count);
  figures.by_batch_means = true;
  figures.autocorrelation_time = length * spread / (figures.sd * figures.sd);
  figures.ess_mean = total / figures.autocorrelation_time;
}

}  // namespace

RunningChain::Moments RunningChain::Moments::with(const Moments& later) const {
  if (count == 0) {
    return later;
  }
  const double a = static_cast<double>(count), b = static_cast<double>(later.count);
  const double step = later.mean - mean;
  return {count + later.count, mean + step * (b / (a + b)),
          squares + later.squares + step * step * (a * b / (a + b))};
}

RunningChain::RunningChain(Index lags, Index batches)
    : most_batches_(static_cast<std::size_t>(std::max<Index>(batches, 0)) * 2) {
  if (lags < 2 || batches < 2) {
    throw UsageError("running figures need at least 2 lags and 2 batches");
  }
  products_ = first_ = Eigen::ArrayXd::Zero(lags);
  latest_ = Eigen::ArrayXd::Zero(2 * lags);
  batches_.reserve(most_batches_);
}

void RunningChain::add(double value) {
  if (num_draws_ == 0) {
    origin_ = value;
  }
  is_finite_ = is_finite_ && std::isfinite(value);
  const double x = value - origin_;
  has_moved_ = has_moved_ || x != 0;
  if (num_draws_ < lags()) {
    first_[num_draws_] = x;
  }
  ++num_draws_;
  newest_ = (newest_ > 0 ? newest_ : lags()) - 1;
  latest_[newest_] = latest_[newest_ + lags()] = x;
  const Index known = std::min(num_draws_, lags());
  products_.head(known) += x * latest_.segment(newest_, known);

  last_batch_ = last_batch_.with({1, x, 0});
  if (last_batch_.count == batch_length_) {
    batches_.push_back(last_batch_);
    last_batch_ = {};
    if (batches_.size() == most_batches_) {
      halve_batches();
    }
  }
}

void RunningChain::halve_batches() {
  for (std::size_t b = 0; b < batches_.size() / 2; ++b) {
    batches_[b] = batches_[2 * b].with(batches_[2 * b + 1]);
  }
  batches_.resize(batches_.size() / 2);
  batch_length_ *= 2;
}

RunningChain::Moments RunningChain::moments() const {
  const Moments complete = merged(batches_);
  return last_batch_.count > 0 ? complete.with(last_batch_) : complete;
}

double RunningChain::products(Index lag) const {
  const double n = static_cast<double>(num_draws_), mean = moments().mean;
  // The sums of the first and of the last n - t draws are n mean less the ends.
  const double ends = first_.head(lag).sum() + latest_.segment(newest_, lag).sum();
  return products_[lag] - mean * (2 * n * mean - ends) +
         (n - static_cast<double>(lag)) * mean * mean;
}

RunningFigures running_figures(std::span<const RunningChain> chains) {
  Together together{chains, {}, {}, {}, {}};
  for (const RunningChain& chain : chains) {
    if (chain.num_draws() != chains.front().num_draws() || chain.lags() != chains.front().lags() ||
        chain.batch_length() != chains.front().batch_length()) {
      throw UsageError(
          "running figures need chains with the same numbers of draws, lags and batches");
    }
  }
  if (chains.empty() || chains.front().num_draws() == 0) {
    together.figures.flags = {"too-short"};
    return together.figures;
  }
  RunningFigures& figures = together.figures;
  figures.num_draws = chains.front().num_draws();
  together.set_moments();
  if (!together.set_flags()) {
    return figures;
  }
  together.set_rhats();
  if (figures.num_draws >= least_draws_for_size) {
    if (!together.set_size_by_lags()) {
      together.set_size_by_batches();
    }
    figures.mcse_mean = mcse_mean(figures.sd, figures.ess_mean);
  }
  return figures;
}

}  // namespace negphase
