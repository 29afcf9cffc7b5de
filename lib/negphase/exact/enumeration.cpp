#include "negphase/exact/enumeration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "negphase/core/error.hpp"
#include "negphase/core/kernel.hpp"
#include "negphase/core/log_sum_exp.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index slice_chains = 64;
// prefixes wanted: enough slices for threads to share, few enough that walks stay long
constexpr Index wanted_prefixes = 32 * slice_chains;
constexpr Index steps_between_recomputations = 256;

/// How the states of some columns are shared out: states of the leading columns are prefixes, one a
/// chain; each chain walks through the states of the trailing columns.
struct Split {
  Index leading = 0;
  Index prefixes = 1;
  Index slices() const { return (prefixes + slice_chains - 1) / slice_chains; }
  Index chains(Index slice) const {
    return std::min(slice_chains, prefixes - slice * slice_chains);
  }
};

Split split_of(std::span<const Column> columns) {
  Split split;
  for (const Column& column : columns) {
    if (split.prefixes >= wanted_prefixes) {
      break;
    }
    split.prefixes *= column.num_states;
    ++split.leading;
  }
  return split;
}

/// Sets the leading columns of chain c to state first + c of them, first column most significant.
void set_states(std::span<const Column> columns, Index leading, Index first, Block<double>& y) {
  for (Index c = 0; c < y.rows(); ++c) {
    Index rest = first + c;
    for (Index j = leading - 1; j >= 0; --j) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      y(c, j) = state_code(column, rest % column.num_states);
      rest /= column.num_states;
    }
  }
}

/// Reflected mixed-radix Gray code over the columns from `first` on (Knuth, TAOCP 7.2.1.1,
/// algorithm H): every combination once, one column by one state at a time.
class GrayCode {
 public:
  GrayCode(std::span<const Column> columns, Index first) : columns_(columns) {
    // the last column moves most often; one that has a single state never
    for (Index j = static_cast<Index>(columns.size()) - 1; j >= first; --j) {
      if (column(j).num_states > 1) {
        sites_.push_back(j);
      }
    }
    digit_.assign(sites_.size(), 0);
    direction_.assign(sites_.size(), 1);
    focus_.resize(sites_.size() + 1);
    std::iota(focus_.begin(), focus_.end(), std::size_t{0});
  }

  /// Moves on; false after the last combination.
  bool advance() {
    const std::size_t j = focus_[0];
    focus_[0] = 0;
    if (j == sites_.size()) {
      return false;
    }
    digit_[j] += direction_[j];
    if (digit_[j] == 0 || digit_[j] == column(sites_[j]).num_states - 1) {
      direction_[j] = -direction_[j];
      focus_[j] = focus_[j + 1];
      focus_[j + 1] = j + 1;
    }
    moved_ = j;
    return true;
  }
  /// The column that advance() changed, and its code now.
  Index site() const { return sites_[moved_]; }
  double code() const { return state_code(column(site()), digit_[moved_]); }

 private:
  const Column& column(Index j) const { return columns_[static_cast<std::size_t>(j)]; }

  std::span<const Column> columns_;
  std::vector<Index> sites_, digit_, direction_;
  std::vector<std::size_t> focus_;
  std::size_t moved_ = 0;
};

void refuse_bad_energy(const Block<double>& y, const PerChain& energy) {
  for (Index c = 0; c < energy.size(); ++c) {
    if (std::isnan(energy[c]) || energy[c] == -infinity) {
      const Eigen::VectorXd state = y.row(c).matrix();
      throw ModelError(fmt::format("the energy is {} at state ({}){}", energy[c],
                                   fmt::join(state.data(), state.data() + state.size(), ", "),
                                   energy[c] < 0 ? ": not normalisable" : ""));
    }
  }
}

/// The states of one slice, a step of all its chains at a time.
class SliceWalk {
 public:
  SliceWalk(const AnyEnergy<double>& energy, const Split& split, Index slice, Walk walk)
      : energy_(energy),
        columns_(energy.columns()),
        gray_(columns_, split.leading),
        by_changes_(walk == Walk::gray_code && energy.can(Ability::energy_change)),
        y_(split.chains(slice), static_cast<Index>(columns_.size())),
        energies_(y_.rows()),
        change_(y_.rows()) {
    for (Index j = split.leading; j < y_.cols(); ++j) {
      y_.col(j) = state_code(columns_[static_cast<std::size_t>(j)], 0);
    }
    set_states(columns_, split.leading, slice * slice_chains, y_);
    recompute();
  }

  const Block<double>& states() const { return y_; }
  const PerChain& energies() const { return energies_; }
  double evaluations() const { return static_cast<double>(evaluations_); }

  bool advance() {
    if (!gray_.advance()) {
      return false;
    }
    ++step_;
    if (by_changes_ && step_ % steps_between_recomputations != 0) {
      follow_change();
    } else {
      y_.col(gray_.site()) = gray_.code();
      recompute();
    }
    return true;
  }

 private:
  void recompute() {
    energy_.energy(y_, energies_);
    evaluations_ += y_.rows();
    refuse_bad_energy(y_, energies_);
  }

  void follow_change() {
    values_.setConstant(y_.rows(), gray_.code());
    energy_.energy_change(y_, gray_.site(), values_, change_);
    evaluations_ += y_.rows();
    y_.col(gray_.site()) = values_;
    energies_ += change_;
    // a difference with a forbidden state says nothing of the other one
    if (!energies_.isFinite().all()) {
      recompute();
    }
  }

  const AnyEnergy<double>& energy_;
  std::span<const Column> columns_;
  GrayCode gray_;
  bool by_changes_;
  Block<double> y_;
  PerChain energies_, change_;
  Lane<double> values_;
  Index step_ = 0, evaluations_ = 0;
};

/// What the first pass finds of one slice.
struct SliceTotal {
  LogSumExp log_sum;
  double min_energy = infinity;
  double evaluations = 0;
};

SliceTotal total_of_slice(const AnyEnergy<double>& energy, const Split& split, Index slice,
                          double beta, Walk walk) {
  SliceTotal total;
  SliceWalk states(energy, split, slice, walk);
  PerChain exponents;
  do {
    exponents = states.energies().unaryExpr([beta](double e) { return -beta_times(beta, e); });
    total.log_sum.add(std::span(exponents.data(), static_cast<std::size_t>(exponents.size())));
    total.min_energy = std::min(total.min_energy, states.energies().minCoeff());
  } while (states.advance());
  total.evaluations = states.evaluations();
  return total;
}

/// What the second pass finds of one slice: sums of weights and of weighted dE/dW.
struct SliceMean {
  double weight = 0;
  Eigen::VectorXd param_grad;
  double evaluations = 0;
};

SliceMean mean_of_slice(const AnyEnergy<double>& energy, const Split& split, Index slice,
                        double beta, double min_energy, Walk walk) {
  SliceMean mean;
  mean.param_grad.setZero(energy.num_params());
  SliceWalk states(energy, split, slice, walk);
  const ChainRange all{0, states.states().rows()};
  PerChain weights;
  Eigen::VectorXd part(energy.num_params());
  bool more = true;
  while (more) {
    // sums of 256 steps each, then a sum of those: long sums round badly
    part.setZero();
    double part_weight = 0;
    for (Index step = 0; more && step < steps_between_recomputations; ++step) {
      weights = states.energies().unaryExpr(
          [=](double e) { return std::exp(-beta_times(beta, e - min_energy)); });
      if ((weights > 0).any()) {
        part_weight += weights.sum();
        energy.add_param_grad(states.states(), all, weights, part);
      }
      more = states.advance();
    }
    mean.weight += part_weight;
    mean.param_grad += part;
  }
  mean.evaluations = states.evaluations();
  return mean;
}

StateSum merge_totals(std::span<const SliceTotal> slices, Index row) {
  StateSum sum;
  LogSumExp log_sum;
  sum.min_energy = infinity;
  for (const SliceTotal& slice : slices) {
    log_sum.merge(slice.log_sum);
    sum.min_energy = std::min(sum.min_energy, slice.min_energy);
    sum.evaluations += slice.evaluations;
  }
  if (sum.min_energy == infinity) {
    throw ModelError(fmt::format("the energy is +inf at all states (row {} of x)", row + 1));
  }
  sum.log_z = log_sum.value();
  return sum;
}

void merge_means(std::span<const SliceMean> slices, StateSum& sum) {
  double weight = 0;
  sum.mean_param_grad.setZero(slices[0].param_grad.size());
  for (const SliceMean& slice : slices) {
    weight += slice.weight;
    sum.mean_param_grad += slice.param_grad;
    sum.evaluations += slice.evaluations;
  }
  sum.mean_param_grad /= weight;
}

/// The results of one row among those of all rows and slices.
template <class Slice>
std::span<const Slice> of_row(const std::vector<Slice>& all, Index row, Index slices) {
  return std::span(all).subspan(static_cast<std::size_t>(row * slices),
                                static_cast<std::size_t>(slices));
}

}  // namespace

double count_states(std::span<const Column> columns) {
  double count = 1;
  for (const Column& column : columns) {
    count *= static_cast<double>(column.num_states);
  }
  return count;
}

std::vector<StateSum> sum_states(const BindRow& bind, Index rows, double beta, Walk walk,
                                 const Executor& executor) {
  const AnyEnergy<double> first = bind(0, 1);
  if (count_states(first.columns()) == 0) {
    throw UsageError("enumeration: a column has no finite set of states");
  }
  const Split split = split_of(first.columns());
  const Index slices = split.slices();
  const auto totals = executor.map<SliceTotal>(rows * slices, [&](Index i) {
    const Index slice = i % slices;
    return total_of_slice(bind(i / slices, split.chains(slice)), split, slice, beta, walk);
  });
  std::vector<StateSum> sums;
  for (Index row = 0; row < rows; ++row) {
    sums.push_back(merge_totals(of_row(totals, row, slices), row));
  }
  if (!first.can(Ability::param_grad)) {
    return sums;
  }
  const auto means = executor.map<SliceMean>(rows * slices, [&](Index i) {
    const Index slice = i % slices;
    const double min_energy = sums[static_cast<std::size_t>(i / slices)].min_energy;
    return mean_of_slice(bind(i / slices, split.chains(slice)), split, slice, beta, min_energy,
                         walk);
  });
  for (Index row = 0; row < rows; ++row) {
    merge_means(of_row(means, row, slices), sums[static_cast<std::size_t>(row)]);
  }
  return sums;
}

StateTable tabulate_states(const std::function<AnyEnergy<double>(Index chains)>& bind,
                           double beta) {
  const AnyEnergy<double> first = bind(1);
  const std::span<const Column> columns = first.columns();
  const double count = count_states(columns);
  if (count < 1 || count > 1 << 20) {
    throw UsageError(fmt::format("a table of states needs 1 to 2^20 of them, not {}", count));
  }
  const auto states = static_cast<Index>(count);
  const auto num_columns = static_cast<Index>(columns.size());
  StateTable table{Block<double>(states, num_columns), PerChain(states), PerChain(states), 0};
  set_states(columns, num_columns, 0, table.states);
  for (Index begin = 0; begin < states; begin += slice_chains) {
    const Index size = std::min(slice_chains, states - begin);
    const Block<double> y = table.states.middleRows(begin, size);
    PerChain energy(size);
    bind(size).energy(y, energy);
    refuse_bad_energy(y, energy);
    table.energy.segment(begin, size) = energy;
  }
  const double least = table.energy.minCoeff();
  if (least == infinity) {
    throw ModelError("the energy is +inf at all states");
  }
  table.probability =
      table.energy.unaryExpr([=](double e) { return std::exp(-beta_times(beta, e - least)); });
  const double total = table.probability.sum();
  table.probability /= total;
  table.log_z = std::log(total) - beta * least;
  return table;
}

}  // namespace negphase
