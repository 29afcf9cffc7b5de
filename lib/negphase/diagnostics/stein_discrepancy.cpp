#include "negphase/diagnostics/stein_discrepancy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {
namespace {

constexpr Index batch_size = 64;

struct ScoredDraws {
  Eigen::ArrayXXd draws, scores;
};

struct ScoredStates {
  Eigen::ArrayXXd states;    // 0 .. states - 1
  Eigen::ArrayXXd previous;  // the state before each
  Eigen::ArrayXXd scores;
};

void check_sizes(const Eigen::ArrayXXd& draws, const Eigen::ArrayXXd& scores) {
  if (draws.rows() != scores.rows() || draws.cols() != scores.cols()) {
    throw UsageError("a Stein kernel takes one score for each coordinate of each draw");
  }
}

// signs of bootstrap samples first .. first + signs.cols() - 1
void fill_signs(std::uint64_t seed, Index first, Eigen::MatrixXd& signs) {
  for (Index b = 0; b < signs.cols(); ++b) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(first + b), 0, Purpose::data);
    std::uint32_t word = 0;
    for (Index i = 0; i < signs.rows(); ++i) {
      word = i % 32 == 0 ? engine() : word >> 1;
      signs(i, b) = (word & 1U) != 0 ? 1 : -1;
    }
  }
}

}  // namespace

PairFunction stein_kernel(const Eigen::ArrayXXd& draws, const Eigen::ArrayXXd& scores,
                          double length) {
  check_sizes(draws, scores);
  const auto all =
      std::make_shared<const ScoredDraws>(ScoredDraws{draws / length, scores * length});
  return {draws.rows(), [all, length](Index i, Index first, Eigen::ArrayXd& out) {
            const Index n = all->draws.rows() - first;
            const Index d = all->draws.cols();
            Eigen::ArrayXd r2 = Eigen::ArrayXd::Zero(n);
            Eigen::ArrayXd products = Eigen::ArrayXd::Zero(n);  // s_x.s_y
            Eigen::ArrayXd slopes = Eigen::ArrayXd::Zero(n);    // u.(s_y - s_x)
            for (Index c = 0; c < d; ++c) {
              const auto s_y = all->scores.col(c).tail(n);
              const double s_x = all->scores(i, c);
              const auto u = all->draws(i, c) - all->draws.col(c).tail(n);
              r2 += u.square();
              products += s_x * s_y;
              slopes += u * (s_y - s_x);
            }
            const Eigen::ArrayXd inverse = (1 + r2).inverse();
            const auto dimension = static_cast<double>(d);
            out = inverse.sqrt() *
                  (products + inverse * (dimension - slopes) - 3 * r2 * inverse.square()) /
                  (length * length);
          }};
}

PairFunction discrete_stein_kernel(const Eigen::ArrayXXd& draws, std::span<const Column> columns,
                                   const Eigen::ArrayXXd& differences) {
  check_sizes(draws, differences);
  ScoredStates states{draws, draws, differences};
  for (Index c = 0; c < draws.cols(); ++c) {
    const Column& column = columns[static_cast<std::size_t>(c)];
    for (Index i = 0; i < draws.rows(); ++i) {
      const Index state = state_index(column, draws(i, c));
      states.states(i, c) = static_cast<double>(state);
      states.previous(i, c) =
          static_cast<double>((state + column.num_states - 1) % column.num_states);
    }
  }
  const auto all = std::make_shared<const ScoredStates>(std::move(states));
  return {draws.rows(), [all](Index i, Index first, Eigen::ArrayXd& out) {
            const Index n = all->states.rows() - first;
            const auto d = static_cast<double>(all->states.cols());
            const double unlike = std::exp(-1 / d);  // factor of a column that differs
            Eigen::ArrayXd hamming = Eigen::ArrayXd::Zero(n);
            Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(n);  // of the terms, divided by k
            for (Index c = 0; c < all->states.cols(); ++c) {
              const auto y = all->states.col(c).tail(n);
              const auto s_y = all->scores.col(c).tail(n);
              const double x = all->states(i, c);
              const double s_x = all->scores(i, c);
              const Eigen::ArrayXd differs = (y != x).cast<double>();
              const auto factor = [&](const auto& is_unlike) {
                return (1 + (unlike - 1) * is_unlike).eval();
              };
              const Eigen::ArrayXd here = factor(differs);
              // D_x k / k and D_y k / k of this column; D_x D_y k / k is their sum, as moving both
              // back leaves k as it is
              const Eigen::ArrayXd change_x =
                  1 - factor((y != all->previous(i, c)).template cast<double>()) / here;
              const Eigen::ArrayXd change_y =
                  1 - factor((all->previous.col(c).tail(n) != x).template cast<double>()) / here;
              sum += s_x * s_y - s_x * change_y - s_y * change_x + change_x + change_y;
              hamming += differs;
            }
            out = (-hamming / d).exp() * sum;
          }};
}

PairFunction conditional_stein_kernel(const Eigen::ArrayXXd& draws, std::span<const Column> columns,
                                      const Eigen::ArrayXXd& residuals) {
  const auto all = std::make_shared<const ScoredDraws>(ScoredDraws{draws, residuals});
  std::vector<Index> states;
  Index total = 0;
  for (const Column& column : columns) {
    states.push_back(column.num_states);
    total += column.num_states;
  }
  if (residuals.rows() != draws.rows() || residuals.cols() != total) {
    throw UsageError("a conditional Stein kernel takes a residual for each state of each column");
  }
  return {draws.rows(), [all, states](Index i, Index first, Eigen::ArrayXd& out) {
            const Index n = all->draws.rows() - first;
            const auto d = static_cast<double>(all->draws.cols());
            Eigen::ArrayXd hamming = Eigen::ArrayXd::Zero(n);
            Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(n);  // of the terms, divided by k
            Index place = 0;
            for (Index c = 0; c < all->draws.cols(); ++c) {
              const Index states_of_c = states[static_cast<std::size_t>(c)];
              Eigen::ArrayXd products = Eigen::ArrayXd::Zero(n);
              for (Index v = place; v < place + states_of_c; ++v) {
                products += all->scores(i, v) * all->scores.col(v).tail(n);
              }
              place += states_of_c;
              const Eigen::ArrayXd differs =
                  (all->draws.col(c).tail(n) != all->draws(i, c)).cast<double>();
              sum += products * (1 + (std::exp(1 / d) - 1) * differs);
              hamming += differs;
            }
            out = (1 - std::exp(-1 / d)) * (-hamming / d).exp() * sum;
          }};
}

SteinDiscrepancy stein_discrepancy(const PairFunction& stein, const Executor& executor) {
  if (stein.size < 2) {
    throw UsageError("a Stein discrepancy takes at least two draws");
  }
  const PairSums sums = pair_sums(stein, stein.size, executor);
  const auto n = static_cast<double>(stein.size);
  return {(sums.xx + sums.diagonal_x) / (n * n), sums.diagonal_x / (n * n),
          sums.xx / (n * (n - 1))};
}

double stein_p_value(const PairFunction& stein, Index samples, std::uint64_t seed,
                     const Executor& executor) {
  Eigen::MatrixXd k = pair_matrix(stein, executor);
  k.diagonal().setZero();
  // rounding of a sum of n^2 products, in whatever order
  const double rounding = static_cast<double>(2 * k.rows()) *
                          std::numeric_limits<double>::epsilon() * k.cwiseAbs().sum();
  const double observed = k.sum() - rounding;
  const std::uint64_t signs_seed = derive_seed(seed, "wild bootstrap");
  const auto counts =
      executor.map<Index>((samples + batch_size - 1) / batch_size, [&](Index batch) {
        const Index first = batch * batch_size;
        Eigen::MatrixXd signs(k.rows(), std::min(batch_size, samples - first));
        fill_signs(signs_seed, first, signs);
        const Eigen::MatrixXd products = k * signs;
        const Eigen::ArrayXd sums = products.cwiseProduct(signs).colwise().sum().array();
        return (sums >= observed).count();
      });
  Index larger = 0;
  for (const Index count : counts) {
    larger += count;
  }
  return static_cast<double>(larger + 1) / static_cast<double>(samples + 1);
}

}  // namespace negphase
