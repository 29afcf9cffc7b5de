// What R-hat and effective sizes of 1000 parameters x 4 chains x 1000 draws cost, one thread. The
// draws are AR(1) chains with coefficient 0.8; then the worst case for sums over lags, chains of
// 250,000 draws that are as slow as they are long.
//
//   micro_diagnostics [--json]
//
// Seconds are processor time, since machines are shared: the median of the rounds, with the fastest
// and the slowest.
#include <fmt/core.h>

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/diagnostics/figures.hpp"
#include "negphase/random/stream_engine.hpp"

namespace {

using namespace negphase;

constexpr int rounds = 7;

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Chains x_{i+1} = a x_i + sqrt(1 - a^2) noise.
ChainDraws ar1(Index quantities, Index chains, Index draws, double a) {
  ChainDraws result;
  StreamEngine engine(1, 0, 0, Purpose::data);
  boost::random::normal_distribution<double> normal;
  for (Index j = 0; j < quantities; ++j) {
    result.names.push_back(fmt::format("x.{}", j + 1));
  }
  for (Index c = 0; c < chains; ++c) {
    Eigen::ArrayXXd x(draws, quantities);
    for (Index j = 0; j < quantities; ++j) {
      x(0, j) = normal(engine);
      for (Index i = 1; i < draws; ++i) {
        x(i, j) = a * x(i - 1, j) + std::sqrt(1 - a * a) * normal(engine);
      }
    }
    result.chains.push_back(std::move(x));
  }
  return result;
}

struct Case {
  std::string what;
  ChainDraws draws;
  FigureSet wanted;

  void run(bool json, const char*& separator) const {
    const Executor one_thread(1);
    std::vector<double> times;
    double size = 0;
    for (int round = 0; round < rounds; ++round) {
      const double begin = processor_seconds();
      const auto figures = chain_figures(draws, one_thread, wanted);
      times.push_back(processor_seconds() - begin);
      size = 0;
      for (const ChainFigures& f : figures) {
        size += f.ess_bulk / static_cast<double>(figures.size());
      }
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    if (json) {
      fmt::print(
          "{}  {{\"what\": \"{}\", \"quantities\": {}, \"chains\": {}, \"draws\": {}, "
          "\"seconds\": {:.4g}, \"min\": {:.4g}, \"max\": {:.4g}, \"ess_bulk\": {:.4g}}}",
          separator, what, draws.num_quantities(), draws.num_chains(), draws.num_draws(), median,
          times.front(), times.back(), size);
    } else {
      fmt::print("{:<32}{:>6} x{:>2} x{:>7}{:>10.4f}{:>10.4f} ..{:>8.4f}{:>10.1f}\n", what,
                 draws.num_quantities(), draws.num_chains(), draws.num_draws(), median,
                 times.front(), times.back(), size);
    }
    separator = ",\n";
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_diagnostics [--json]\n");
    return 2;
  }
  if (!json) {
    fmt::print("diagnostics, one thread; processor seconds\n{:<32}{:>19}{:>10}{:>21}{:>11}\n",
               "figures", "quantities x chains", "median", "min .. max", "mean bulk");
  }
  const char* separator = "[\n";
  const ChainDraws many = ar1(1000, 4, 1000, 0.8);
  Case{"R-hat, bulk and tail ESS", many, FigureSet::convergence}.run(json, separator);
  Case{"all figures", many, FigureSet::all}.run(json, separator);
  Case{"R-hat, bulk and tail ESS, slow", ar1(1, 4, 250000, 0.99998), FigureSet::convergence}.run(
      json, separator);
  if (json) {
    fmt::print("\n]\n");
  }
  return 0;
}
