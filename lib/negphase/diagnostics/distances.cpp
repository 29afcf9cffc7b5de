#include "negphase/diagnostics/distances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/mean_discrepancy.hpp"
#include "negphase/diagnostics/pooled_draws.hpp"
#include "negphase/diagnostics/two_sample.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {
namespace {

bool is_finite_column(const Eigen::ArrayXXd& pooled, Index c) {
  const auto column = pooled.col(c);
  return (column == column.round()).all() && column.maxCoeff() - column.minCoeff() < 64;
}

/// Numbers of the joint states of both samples, in the order in which they are met, where they are
/// few: at most a fifth of the draws, so that states are met more than once.
std::optional<std::vector<Index>> joint_states(const Eigen::ArrayXXd& pooled) {
  std::map<std::vector<double>, Index> known;
  std::vector<Index> numbers;
  for (Index i = 0; i < pooled.rows(); ++i) {
    std::vector<double> state(static_cast<std::size_t>(pooled.cols()));
    for (Index c = 0; c < pooled.cols(); ++c) {
      state[static_cast<std::size_t>(c)] = pooled(i, c);
    }
    numbers.push_back(
        known.try_emplace(std::move(state), static_cast<Index>(known.size())).first->second);
    if (static_cast<Index>(known.size()) * 5 > pooled.rows()) {
      return std::nullopt;
    }
  }
  return numbers;
}

class TwoSamples {
 public:
  TwoSamples(const ChainDraws& draws, const ChainDraws& against, const DistanceOptions& options,
             const Executor& executor)
      : names_(draws.names), options_(options), executor_(executor) {
    x_ = every_kth(draws, options.effective_draws, options.max_permuted);
    y_ = every_kth(against, options.effective_against, options.max_permuted);
    few_x_ = every_kth(draws, options.effective_draws, options.max_draws);
    few_y_ = every_kth(against, options.effective_against, options.max_draws);
  }

  void add_joint(Distances& distances) const {
    const Index m = few_x_.draws.rows();
    const Eigen::ArrayXXd pooled = stacked(few_x_, few_y_);
    bool all_finite = true;
    for (Index c = 0; c < pooled.cols(); ++c) {
      all_finite = all_finite && is_finite_column(pooled, c);
    }
    const double length = all_finite ? 1 : median_distance(pooled, executor_);
    add_discrepancy(
        distances, "mmd", all_finite ? hamming_kernel(pooled) : gaussian_kernel(pooled, length), m,
        all_finite ? "squared and unbiased; kernel exp(-hamming / d)"
                   : fmt::format("squared and unbiased; kernel exp(-r^2 / (2 l^2)), l = {:.6g} "
                                 "(the median distance)",
                                 length));
    add_discrepancy(distances, "energy_distance", negative_distance(pooled), m, "unbiased");
    if (all_finite) {
      add_chi_squared(distances);
    }
  }

  void add_by_quantity(Distances& distances) const {
    const auto ks = executor_.map<TwoSampleResult>(x_.draws.cols(), [&](Index c) {
      return kolmogorov_smirnov(x_.draws.col(c), y_.draws.col(c));
    });
    for (Index c = 0; c < x_.draws.cols(); ++c) {
      const TwoSampleResult& of_c = ks[static_cast<std::size_t>(c)];
      Distance row = described("kolmogorov_smirnov", x_, y_, names_[static_cast<std::size_t>(c)]);
      row.value = of_c.value;
      row.p_value = of_c.p_value;
      row.note = of_c.is_exact ? "p by counting paths, exact" : "p by Kolmogorov's limit";
      distances.rows.push_back(row);
      const TwoSampleResult w1 = wasserstein_1(x_.draws.col(c), y_.draws.col(c), options_.resamples,
                                               seed_of("wasserstein", c), executor_);
      row.name = "wasserstein_1";
      row.value = w1.value;
      row.p_value = w1.p_value;
      row.note = permutation_note();
      distances.rows.push_back(row);
    }
  }

  Index draws() const { return few_x_.draws.rows(); }
  Index draws_against() const { return few_y_.draws.rows(); }

 private:
  static Distance described(const char* name, const ThinnedDraws& x, const ThinnedDraws& y,
                            std::string quantity = "") {
    Distance row;
    row.name = name;
    row.quantity = std::move(quantity);
    row.draws = x.draws.rows();
    row.every = x.every;
    row.against = y.draws.rows();
    row.against_every = y.every;
    return row;
  }

  std::string permutation_note() const {
    return fmt::format("p by {} permutations", options_.resamples);
  }

  std::uint64_t seed_of(std::string_view role, Index c = 0) const {
    return derive_seed(options_.seed + static_cast<std::uint64_t>(c), role);
  }

  void add_discrepancy(Distances& distances, const char* name, const PairFunction& k, Index m,
                       const std::string& note) const {
    Distance row = described(name, few_x_, few_y_);
    row.value = mean_discrepancy(k, m, executor_).unbiased;
    row.p_value = mean_discrepancy_p_value(k, m, options_.resamples, seed_of(name), executor_);
    row.note = note + "; " + permutation_note();
    distances.rows.push_back(std::move(row));
  }

  void add_chi_squared(Distances& distances) const {
    const auto states = joint_states(stacked(x_, y_));
    if (!states) {
      distances.notes.push_back(
          "chi-squared of the joint states was left out: there are more than a fifth as many "
          "states "
          "as draws");
      return;
    }
    const auto m = static_cast<std::size_t>(x_.draws.rows());
    const std::span<const Index> all(*states);
    const TwoSampleResult result = chi_squared(all.first(m), all.subspan(m), options_.resamples,
                                               seed_of("chi_squared"), executor_);
    Distance row = described("chi_squared", x_, y_);
    row.value = result.value;
    row.p_value = result.p_value;
    row.note = permutation_note();
    distances.rows.push_back(std::move(row));
  }

  std::vector<std::string> names_;
  const DistanceOptions& options_;
  const Executor& executor_;
  ThinnedDraws x_, y_;          // thinned to independence, and to what permutations allow
  ThinnedDraws few_x_, few_y_;  // to what quadratic cost allows
};

}  // namespace

Distances distances_to_draws(const ChainDraws& draws, const ChainDraws& against,
                             const DistanceOptions& options, const Executor& executor) {
  if (draws.num_quantities() != against.num_quantities()) {
    throw ConfigError(fmt::format(
        "draws of {} quantities cannot be held against draws of {}: give two sets of the same "
        "quantities",
        draws.num_quantities(), against.num_quantities()));
  }
  Distances distances;
  if (!all_finite(draws, distances.notes) || !all_finite(against, distances.notes)) {
    return distances;
  }
  const TwoSamples samples(draws, against, options, executor);
  if (samples.draws() < 2 || samples.draws_against() < 2) {
    distances.notes.push_back(
        "no distance to the other draws: at least two independent draws of each are needed");
    return distances;
  }
  samples.add_joint(distances);
  samples.add_by_quantity(distances);
  distances.notes.push_back(
      independence_note(options.effective_draws > 0 && options.effective_against > 0));
  return distances;
}

}  // namespace negphase
