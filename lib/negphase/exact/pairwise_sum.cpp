#include "negphase/exact/pairwise_sum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "negphase/core/error.hpp"
#include "negphase/core/kernel.hpp"
#include "negphase/core/portable_exp.hpp"
#include "negphase/exact/pairwise_view.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index most_inner = 8;
constexpr Index most_chains = 16;  // 16 x 256 weights stay in the first cache
constexpr Index runs_in_piece = 256;
constexpr Index most_slices = 64;

/// exp(-beta (E - E0)) for E >= E0, infinity included.
double weight_of(double above, double beta) { return std::exp(-beta_times(beta, above)); }

/// Energies become weights. A function of its own so that the exponential is inlined and the loop
/// vectorised: within a large one GCC's limits of growth forbid it, at three times the cost.
[[gnu::noinline]] void make_weights(Eigen::MatrixXd& energies, double least, double beta) {
  double* const all = energies.data();
  const Index size = energies.size();
  for (Index i = 0; i < size; ++i) {
    all[i] = exp_of_nonpositive(-beta * (all[i] - least));
  }
}

/// Weighted sums over some states; weights are exp(-beta (E - min_energy)).
struct Moments {
  explicit Moments(Index n)
      : first(Eigen::VectorXd::Zero(n)), second(Eigen::MatrixXd::Zero(n, n)) {}

  void rescale(double least, double beta) {
    const double factor = weight_of(min_energy - least, beta);
    weight *= factor;
    first *= factor;
    second *= factor;
    min_energy = least;
  }
  void merge(Moments other, double beta) {
    const double least = std::min(min_energy, other.min_energy);
    rescale(least, beta);
    other.rescale(least, beta);
    weight += other.weight;
    first += other.first;
    second += other.second;
  }

  double min_energy = infinity;
  double weight = 0;
  Eigen::VectorXd first;   ///< of s_i
  Eigen::MatrixXd second;  ///< of s_i s_j, i < j
};

/// The view of one row of x as dense matrices, its columns split into outer and inner ones.
struct SplitView {
  explicit SplitView(const AnyEnergy<double>& energy);

  Index columns() const { return low.size(); }
  Index inner() const { return std::min(most_inner, columns()); }
  Index outer() const { return columns() - inner(); }
  Index inner_states() const { return Index{1} << inner(); }
  Index chains() const { return std::min(most_chains, Index{1} << outer()); }
  Index runs() const { return (Index{1} << outer()) / chains(); }

  Eigen::VectorXd low, step;  ///< code of each column's first state; from it to the other
  Eigen::MatrixXd couplings;  ///< J_ij, i < j, else 0
  Eigen::VectorXd linear;     ///< b
  double constant = 0;
  Eigen::MatrixXd states_of_inner;     ///< [inner states x (1 and the inner columns)]
  Eigen::RowVectorXd energy_of_inner;  ///< constant and couplings among inner columns
};

SplitView::SplitView(const AnyEnergy<double>& energy) {
  const std::span<const Column> kinds = energy.columns();
  const PairwiseView view = energy.pairwise();
  const auto n = static_cast<Index>(kinds.size());
  low.resize(n);
  step.resize(n);
  for (Index j = 0; j < n; ++j) {
    const Column& column = kinds[static_cast<std::size_t>(j)];
    low[j] = state_code(column, 0);
    step[j] = state_code(column, 1) - low[j];
  }
  couplings.setZero(n, n);
  for (const PairwiseView::Coupling& c : view.couplings) {
    couplings(c.first, c.second) = c.weight;
  }
  linear = view.linear.row(0).matrix().transpose();
  constant = pairwise_constant(energy, view);

  states_of_inner.setOnes(inner_states(), 1 + inner());
  for (Index j = 0; j < inner(); ++j) {
    for (Index k = 0; k < inner_states(); ++k) {
      const Index digit = k >> (inner() - 1 - j) & 1;
      states_of_inner(k, 1 + j) = low[outer() + j] + static_cast<double>(digit) * step[outer() + j];
    }
  }
  const auto inner_columns = states_of_inner.rightCols(inner());
  const Eigen::MatrixXd fields = inner_columns * couplings.bottomRightCorner(inner(), inner());
  energy_of_inner =
      (constant - fields.cwiseProduct(inner_columns).rowwise().sum().array()).transpose();
}

/// Adds up the states of consecutive runs, one run of chains() outer states at a time.
class Piece {
 public:
  Piece(const SplitView& view, double beta)
      : view_(view),
        beta_(beta),
        outer_(view.chains(), view.outer()),
        energies_(view.chains(), view.inner_states()),
        inner_weights_(Eigen::RowVectorXd::Zero(view.inner_states())),
        moments_(view.columns()) {}

  void add_run(Index run) {
    set_outer(run * view_.chains());
    set_energies();
    const double least = energies_.minCoeff();
    if (least < moments_.min_energy) {
      inner_weights_ *= weight_of(moments_.min_energy - least, beta_);
      moments_.rescale(least, beta_);
    }
    make_weights(energies_, moments_.min_energy, beta_);
    add_outer();
    inner_weights_ += energies_.colwise().sum();
  }

  /// Sums over inner columns alone need no chain: they are made once, at the end.
  Moments finish() {
    const Index inner = view_.inner();
    const auto states = view_.states_of_inner.rightCols(inner);
    moments_.weight = inner_weights_.sum();
    moments_.first.tail(inner) = (inner_weights_ * states).transpose();
    moments_.second.bottomRightCorner(inner, inner) =
        states.transpose() * inner_weights_.asDiagonal() * states;
    return std::move(moments_);
  }

 private:
  void set_outer(Index first) {
    for (Index j = 0; j < view_.outer(); ++j) {
      const Index place = view_.outer() - 1 - j;
      for (Index c = 0; c < outer_.rows(); ++c) {
        outer_(c, j) = view_.low[j] + static_cast<double>((first + c) >> place & 1) * view_.step[j];
      }
    }
  }

  void set_energies() {
    const Index outer = view_.outer(), inner = view_.inner();
    fields_.noalias() = outer_ * view_.couplings.topRows(outer);
    fields_.rowwise() += view_.linear.transpose();
    energies_.col(0) = -fields_.leftCols(outer).cwiseProduct(outer_).rowwise().sum() -
                       fields_.rightCols(inner) * view_.low.tail(inner);
    for (Index j = inner - 1, made = 1; j >= 0; --j, made *= 2) {
      change_ = fields_.col(outer + j) * view_.step[outer + j];
      for (Index k = 0; k < made; ++k) {
        energies_.col(made + k) = energies_.col(k) - change_;
      }
    }
    energies_.rowwise() += view_.energy_of_inner;
  }

  void add_outer() {
    const Index outer = view_.outer(), inner = view_.inner();
    sums_.noalias() = energies_ * view_.states_of_inner;
    weighted_ = sums_.col(0).asDiagonal() * outer_;
    moments_.first.head(outer) += weighted_.colwise().sum().transpose();
    moments_.second.topLeftCorner(outer, outer).noalias() += outer_.transpose() * weighted_;
    moments_.second.topRightCorner(outer, inner).noalias() +=
        outer_.transpose() * sums_.rightCols(inner);
  }

  const SplitView& view_;
  double beta_;
  Eigen::MatrixXd outer_;             ///< [chains x outer] states
  Eigen::MatrixXd fields_;            ///< [chains x columns] of outer columns: from those before
  Eigen::VectorXd change_;            ///< [chains]
  Eigen::MatrixXd energies_;          ///< [chains x inner states], then their weights
  Eigen::RowVectorXd inner_weights_;  ///< [inner states] summed over chains and runs
  Eigen::MatrixXd sums_, weighted_;   ///< [chains x (1 + inner)], [chains x outer]
  Moments moments_;
};

/// Sums of 256 runs each, then a sum of those: long sums round badly.
Moments sum_runs(const SplitView& view, Index begin, Index end, double beta) {
  Moments all(view.columns());
  for (Index first = begin; first < end; first += runs_in_piece) {
    Piece piece(view, beta);
    for (Index run = first; run < std::min(first + runs_in_piece, end); ++run) {
      piece.add_run(run);
    }
    all.merge(piece.finish(), beta);
  }
  return all;
}

Eigen::VectorXd param_grad_of(const PairwiseView& view, const Moments& moments, Index num_params) {
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(num_params);
  for (const PairwiseView::Coupling& c : view.couplings) {
    mean[c.param] -= moments.second(c.first, c.second) / moments.weight;
  }
  for (std::size_t j = 0; j < view.linear_param.size(); ++j) {
    mean[view.linear_param[j]] -= moments.first[static_cast<Index>(j)] / moments.weight;
  }
  return mean;
}

PairwiseSum answer_of(const AnyEnergy<double>& energy, const Moments& moments, double beta) {
  PairwiseSum sum;
  sum.log_z = std::log(moments.weight) - beta * moments.min_energy;
  sum.min_energy = moments.min_energy;
  sum.mean_states = moments.first / moments.weight;
  if (energy.can(Ability::param_grad)) {
    sum.mean_param_grad = param_grad_of(energy.pairwise(), moments, energy.num_params());
  }
  sum.evaluations = std::exp2(static_cast<double>(energy.columns().size()));
  return sum;
}

}  // namespace

std::vector<PairwiseSum> sum_pairwise(const BindRow& bind, Index rows, double beta,
                                      const Executor& executor) {
  constexpr std::size_t most_columns = 60;  // states are numbered by an Index
  if (bind(0, 1).columns().size() > most_columns) {
    throw UsageError(fmt::format("a pairwise sum takes at most {} columns", most_columns));
  }
  std::vector<SplitView> views;
  for (Index row = 0; row < rows; ++row) {
    views.emplace_back(bind(row, 1));
  }
  const Index runs = views[0].runs();
  const Index slices = std::min(most_slices, runs);
  const auto parts = executor.map<Moments>(rows * slices, [&](Index i) {
    const Index slice = i % slices;
    return sum_runs(views[static_cast<std::size_t>(i / slices)], slice * runs / slices,
                    (slice + 1) * runs / slices, beta);
  });
  std::vector<PairwiseSum> sums;
  for (Index row = 0; row < rows; ++row) {
    Moments all = parts[static_cast<std::size_t>(row * slices)];
    for (Index slice = 1; slice < slices; ++slice) {
      all.merge(parts[static_cast<std::size_t>(row * slices + slice)], beta);
    }
    sums.push_back(answer_of(bind(row, 1), all, beta));
  }
  return sums;
}

}  // namespace negphase
