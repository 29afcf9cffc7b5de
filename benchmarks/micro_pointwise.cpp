// What it costs to leave the derivatives of a PointwiseModel to Duals: against the same written by
// hand, energy_and_grad and add_param_grad of a block of 64 chains, one thread.
//
//   micro_pointwise [--json]
//
// All cases run in turn within each round; a ratio is the median of those to the hand-written case
// of the same round, with the least and the largest beside it.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/models/pointwise.hpp"

namespace {

using namespace negphase;
using In = std::span<const double>;

constexpr int rounds = 9;
constexpr double seconds_a_round = 0.010;
constexpr Index chains = 64;

// E = sum_j w_j (y_j - tanh y_{j+1})^2 over N reals; N parameters
template <std::size_t N>
struct Taken {
  static ModelShape shape() {
    return {0, std::vector<Column>(N, real_column()), {}, static_cast<Index>(N)};
  }
  static auto energy(const auto& w, const auto&, const auto& y) {
    const auto term = [&](std::size_t j) {
      const auto r = y[j] - tanh(y[(j + 1) % N]);
      return w[static_cast<Index>(j)] * r * r;
    };
    auto e = term(0);
    for (std::size_t j = 1; j < N; ++j) {
      e += term(j);
    }
    return e;
  }
};

template <std::size_t N>
struct Given : Taken<N> {
  static void grad(const Params& w, In, In y, std::span<double> dy) {
    std::fill(dy.begin(), dy.end(), 0);
    for (std::size_t j = 0; j < N; ++j) {
      const double t = std::tanh(y[(j + 1) % N]);
      const double slope = 2 * w[static_cast<Index>(j)] * (y[j] - t);
      dy[j] += slope;
      dy[(j + 1) % N] -= slope * (1 - t) * (1 + t);
    }
  }
  static void param_grad(const Params&, In, In y, std::span<double> dw) {
    for (std::size_t j = 0; j < N; ++j) {
      const double r = y[j] - std::tanh(y[(j + 1) % N]);
      dw[j] = r * r;
    }
  }
};

// Of the processor, not of the clock on the wall: one thread, and other work may be running.
double seconds(const std::function<void()>& run, long repeats) {
  const std::clock_t start = std::clock();
  for (long i = 0; i < repeats; ++i) {
    run();
  }
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

struct Result {
  std::string what;
  std::size_t variables;
  std::vector<double> by_hand, ratios;  // nanoseconds a chain, and taken / by hand; ascending
};

Result compare(const std::string& what, std::size_t variables, const std::function<void()>& given,
               const std::function<void()>& taken) {
  long repeats = 1;
  while (seconds(taken, repeats) < seconds_a_round) {
    repeats *= 2;
  }
  Result result{what, variables, {}, {}};
  for (int round = 0; round < rounds; ++round) {
    const double by_hand = seconds(given, repeats);
    result.by_hand.push_back(by_hand / static_cast<double>(repeats * chains) * 1e9);
    result.ratios.push_back(seconds(taken, repeats) / by_hand);
  }
  std::sort(result.by_hand.begin(), result.by_hand.end());
  std::sort(result.ratios.begin(), result.ratios.end());
  return result;
}

void print(const std::vector<Result>& results, bool json) {
  if (json) {
    fmt::print("[\n");
  } else {
    fmt::print("derivatives taken of the energy against those by hand, {} rounds\n", rounds);
    fmt::print("{:<16}{:>10}{:>12}{:>10}{:>17}\n", "what", "variables", "ns by hand", "ratio",
               "min .. max");
  }
  for (const Result& r : results) {
    const char* end = &r == &results.back() ? "\n]" : ",";
    if (json) {
      fmt::print("  {{\"what\": \"{}\", \"variables\": {}, \"ns_by_hand\": {:.4g}, ", r.what,
                 r.variables, r.by_hand[rounds / 2]);
      fmt::print("\"ratio\": {:.4g}, \"min\": {:.4g}, \"max\": {:.4g}}}{}\n", r.ratios[rounds / 2],
                 r.ratios.front(), r.ratios.back(), end);
    } else {
      fmt::print("{:<16}{:>10}{:>12.1f}{:>9.2f}x{:>9.2f} ..{:>6.2f}\n", r.what, r.variables,
                 r.by_hand[rounds / 2], r.ratios[rounds / 2], r.ratios.front(), r.ratios.back());
    }
  }
}

template <std::size_t N>
void compare_all(std::vector<Result>& results) {
  const Params w = Params::LinSpaced(static_cast<Index>(N), 0.5, 1.5);
  const std::vector<Index> rows(chains, 0);
  const auto given = PointwiseModel<Given<N>>(w).template bind<double>(
      std::make_shared<const Eigen::MatrixXd>(), rows);
  const auto taken = PointwiseModel<Taken<N>>(w).template bind<double>(
      std::make_shared<const Eigen::MatrixXd>(), rows);
  const Block<double> y = Block<double>::Random(chains, static_cast<Index>(N));
  Block<double> grad(chains, static_cast<Index>(N));
  PerChain out(chains);
  const PerChain weights = PerChain::Ones(chains);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(static_cast<Index>(N));
  results.push_back(compare(
      "energy_and_grad", N, [&] { given.energy_and_grad(y, out, grad); },
      [&] { taken.energy_and_grad(y, out, grad); }));
  results.push_back(compare(
      "add_param_grad", N,
      [&] {
        given.add_param_grad(y, {0, chains}, weights, sum);
      },
      [&] {
        taken.add_param_grad(y, {0, chains}, weights, sum);
      }));
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_pointwise [--json]\n");
    return 2;
  }
  std::vector<Result> results;
  compare_all<1>(results);
  compare_all<4>(results);
  compare_all<16>(results);
  compare_all<64>(results);
  print(results, json);
  return 0;
}
