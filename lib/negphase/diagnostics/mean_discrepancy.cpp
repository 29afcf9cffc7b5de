#include "negphase/diagnostics/mean_discrepancy.hpp"

#include <algorithm>
#include <limits>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/permutations.hpp"

namespace negphase {
namespace {

constexpr Index batch_size = 64;

double unbiased(const PairSums& sums, double m, double n) {
  return sums.xx / (m * (m - 1)) + sums.yy / (n * (n - 1)) - 2 * sums.xy / (m * n);
}

void check_samples(const PairFunction& k, Index m) {
  if (m < 2 || k.size - m < 2) {
    throw UsageError("a mean discrepancy takes two samples of at least two draws each");
  }
}

/// The unbiased statistic of some draws of the pooled ones against all others, from the matrix of
/// all pairs: sums within and between follow from one product, as all pairs together never change.
class Relabelled {
 public:
  Relabelled(const PairFunction& k, Index m, const Executor& executor)
      : m_(m), matrix_(pair_matrix(k, executor)) {
    matrix_.diagonal().setZero();
    row_sums_ = matrix_.rowwise().sum();
    total_ = row_sums_.sum();
  }

  /// @param chosen  [m + n x choices], 1 for draws of the first sample, else 0
  Eigen::ArrayXd statistics(const Eigen::MatrixXd& chosen) const {
    const Eigen::ArrayXd within =
        (matrix_ * chosen).cwiseProduct(chosen).colwise().sum().transpose().array();
    const Eigen::ArrayXd of_chosen = (chosen.transpose() * row_sums_).array();
    Eigen::ArrayXd values(chosen.cols());
    for (Index b = 0; b < values.size(); ++b) {
      PairSums sums;
      sums.xx = within[b];
      sums.xy = of_chosen[b] - within[b];
      sums.yy = total_ - 2 * of_chosen[b] + within[b];
      values[b] = unbiased(sums, static_cast<double>(m_), static_cast<double>(size() - m_));
    }
    return values;
  }

  /// Bound on the rounding of a statistic: sums of size^2 products in whatever order, each of the
  /// three divided by no less than the smaller sample squared, and four of them in `yy`.
  double rounding() const {
    const auto least = static_cast<double>(std::min(m_, size() - m_) - 1);
    return 16 * static_cast<double>(size()) * std::numeric_limits<double>::epsilon() *
           matrix_.cwiseAbs().sum() / (least * least);
  }

  Index size() const { return matrix_.rows(); }

 private:
  Index m_;
  Eigen::MatrixXd matrix_;
  Eigen::VectorXd row_sums_;
  double total_ = 0;
};

}  // namespace

MeanDiscrepancy mean_discrepancy(const PairFunction& k, Index num_x, const Executor& executor) {
  check_samples(k, num_x);
  const PairSums sums = pair_sums(k, num_x, executor);
  const auto m = static_cast<double>(num_x);
  const auto n = static_cast<double>(k.size - num_x);
  return {unbiased(sums, m, n), (sums.xx + sums.diagonal_x) / (m * m) +
                                    (sums.yy + sums.diagonal_y) / (n * n) - 2 * sums.xy / (m * n)};
}

double mean_discrepancy_p_value(const PairFunction& k, Index m, Index permutations,
                                std::uint64_t seed, const Executor& executor) {
  check_samples(k, m);
  const Relabelled relabelled(k, m, executor);
  Eigen::MatrixXd as_drawn = Eigen::MatrixXd::Zero(k.size, 1);
  as_drawn.topRows(m).setOnes();
  const double observed = relabelled.statistics(as_drawn)[0] - relabelled.rounding();
  const auto counts =
      executor.map<Index>((permutations + batch_size - 1) / batch_size, [&](Index batch) {
        const Index first = batch * batch_size;
        Eigen::MatrixXd chosen =
            Eigen::MatrixXd::Zero(k.size, std::min(batch_size, permutations - first));
        for (Index b = 0; b < chosen.cols(); ++b) {
          for (const Index i :
               random_subset(seed, static_cast<std::uint32_t>(first + b), m, k.size)) {
            chosen(i, b) = 1;
          }
        }
        return (relabelled.statistics(chosen) >= observed).count();
      });
  Index larger = 0;
  for (const Index count : counts) {
    larger += count;
  }
  return static_cast<double>(larger + 1) / static_cast<double>(permutations + 1);
}

}  // namespace negphase
