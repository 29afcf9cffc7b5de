// Exact sums over all states of dense spins, one thread: the generic walk (Gray code, an energy
// change and a dE/dW a state) against the pairwise sum, both with log Z and E[dE/dW]; then an
// update of training by exact gradients on 30,000 rows, positive phase anew and from the data's
// means.
//
//   micro_enumeration [--json]
//
// Competitors run in turn within each round, so that a change of clock or load meets both. Seconds
// are the median of the rounds, with the fastest and the slowest; the ratio is the median of the
// ratios within a round.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/exact/pairwise_data.hpp"
#include "negphase/exact/pairwise_sum.hpp"
#include "negphase/models/pairwise.hpp"

namespace {

using namespace negphase;

double seconds_of(const std::function<void()>& work, int repeats) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) {
    work();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / repeats;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

AnyModel dense_spins(Index n) {
  Params w(n * (n + 1) / 2);
  for (Index i = 0; i < w.size(); ++i) {
    w[i] = std::sin(1.7 * static_cast<double>(i)) / std::sqrt(static_cast<double>(n));
  }
  return PairwiseModel(ColumnKind::spin, Graph(n, all_pairs(n)), w);
}

/// Two ways to the same answer.
struct Contest {
  std::string what;
  Index n = 0;
  double states = 0;
  std::function<void()> slow, fast;
  int rounds = 0, repeats = 1;

  void run(bool json, const char*& separator) const {
    std::vector<double> slow_times, fast_times, ratios;
    fast();
    for (int round = 0; round < rounds; ++round) {
      slow_times.push_back(seconds_of(slow, 1));
      fast_times.push_back(seconds_of(fast, repeats));
      ratios.push_back(slow_times.back() / fast_times.back());
    }
    const auto [low, high] = std::minmax_element(fast_times.begin(), fast_times.end());
    if (json) {
      fmt::print(
          "{}  {{\"what\": \"{}\", \"n\": {}, \"slow_seconds\": {:.4g}, \"seconds\": {:.4g}, "
          "\"min\": {:.4g}, \"max\": {:.4g}, \"states_per_s\": {:.4g}, \"ratio\": {:.4g}}}",
          separator, what, n, median(slow_times), median(fast_times), *low, *high,
          states / median(fast_times), median(ratios));
    } else {
      fmt::print("{:<20}{:>3}{:>12.3g}{:>12.3g}{:>10.2g} ..{:>8.2g}{:>13.3g}{:>9.1f}x\n", what, n,
                 median(slow_times), median(fast_times), *low, *high, states / median(fast_times),
                 median(ratios));
    }
    separator = ",\n";
  }
};

Contest sum_of_states(Index n, int rounds, int repeats, const Executor& executor) {
  const BindRow bind = [model = dense_spins(n)](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return model.bind_double(model.prepare({}), rows);
  };
  return {"log Z and E[dE/dW]",
          n,
          std::exp2(static_cast<double>(n)),
          [=, &executor] { sum_states(bind, 1, 1.0, Walk::gray_code, executor); },
          [=, &executor] { sum_pairwise(bind, 1, 1.0, executor); },
          rounds,
          repeats};
}

Contest training_update(Index n, const Executor& executor) {
  const AnyModel model = dense_spins(n);
  Eigen::MatrixXd y(30000, n);
  for (Index r = 0; r < y.rows(); ++r) {
    for (Index j = 0; j < n; ++j) {
      y(r, j) = std::sin(1.3 * static_cast<double>(r * n + j)) > 0 ? 1 : -1;
    }
  }
  const PairwiseData data = *pairwise_data(model, y);
  return {"update, 30,000 rows",
          n,
          std::exp2(static_cast<double>(n)),
          [=, &executor] { exact_nll_gradient(model, {}, y, 1.0, {}, executor); },
          [=, &executor] {
            exact_nll_gradient(*solve_positive(model, data), model, {}, 1.0, {}, executor);
          },
          9,
          20};
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_enumeration [--json]\n");
    return 2;
  }
  const Executor one_thread(1);
  const char* separator = "[\n";
  if (!json) {
    fmt::print(
        "exact sums, dense spins, one thread; seconds\n{:<20}{:>3}{:>12}{:>12}{:>21}{:>13}{:>10}\n",
        "what", "n", "before", "now", "min .. max", "states/s", "ratio");
  }
  sum_of_states(15, 9, 20, one_thread).run(json, separator);
  sum_of_states(20, 5, 3, one_thread).run(json, separator);
  sum_of_states(25, 3, 1, one_thread).run(json, separator);
  training_update(15, one_thread).run(json, separator);
  training_update(17, one_thread).run(json, separator);
  if (json) {
    fmt::print("\n]\n");
  }
  return 0;
}
