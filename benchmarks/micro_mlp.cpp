// What an energy with its gradient in y costs a chain under the multilayer perceptron, and what
// part of it are the hidden units' functions and the products. Shape: 64 chains, 8 x and 13 y, 32
// units.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/models/mlp.hpp"

namespace {

using namespace negphase;

constexpr int rounds = 9;
constexpr double seconds_a_round = 0.010;
constexpr Index chains = 64, num_x = 8, num_y = 13, hidden = 32;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What the compiler must believe to be read.
void keep(const void* data) { asm volatile("" : : "g"(data) : "memory"); }

struct Case {
  std::string what, scalar;
  std::function<void()> run;
  std::size_t whole;  ///< the case that it is a part of
  long repeats = 1;
  std::vector<double> times = {};  ///< ns a chain, one for each round
};

double seconds(const Case& c) {
  const double start = now();
  for (long i = 0; i < c.repeats; ++i) {
    c.run();
  }
  return now() - start;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(std::vector<Case>& cases) {
  for (Case& c : cases) {
    while (seconds(c) < seconds_a_round) {
      c.repeats *= 2;
    }
  }
  for (int round = 0; round < rounds; ++round) {
    for (Case& c : cases) {
      c.times.push_back(seconds(c) / static_cast<double>(c.repeats * chains) * 1e9);
    }
  }
}

void print(const std::vector<Case>& cases, bool json) {
  if (!json) {
    fmt::print("ns a chain, one thread; {} chains x {} y, {} units; {} rounds of {} ms\n", chains,
               num_y, hidden, rounds, seconds_a_round * 1e3);
    fmt::print("{:<40}{:<8}{:>8}{:>18}{:>8}\n", "what", "scalar", "ns", "min .. max", "part");
  }
  std::string sep = "[\n";
  for (const Case& c : cases) {
    std::vector<double> parts;
    for (std::size_t r = 0; r < rounds; ++r) {
      parts.push_back(c.times[r] / cases[c.whole].times[r]);
    }
    const auto [low, high] = std::minmax_element(c.times.begin(), c.times.end());
    if (json) {
      fmt::print(
          "{}  {{\"what\": \"{}\", \"scalar\": \"{}\", \"ns\": {:.4g}, \"min\": {:.4g}, \"max\": "
          "{:.4g}, \"part\": {:.4g}}}",
          sep, c.what, c.scalar, median(c.times), *low, *high, median(parts));
      sep = ",\n";
    } else {
      fmt::print("{:<40}{:<8}{:>8.1f}{:>9.1f} ..{:>6.1f}{:>8.2f}\n", c.what, c.scalar,
                 median(c.times), *low, *high, median(parts));
    }
  }
  if (json) {
    fmt::print("\n]\n");
  }
}

template <class Scalar>
Block<Scalar> waves(Index columns) {
  return Block<Scalar>::NullaryExpr(chains, columns, [](Index c, Index j) {
    return static_cast<Scalar>(
        2 * std::sin(1.0 + static_cast<double>(c) + 2.7 * static_cast<double>(j)));
  });
}

template <class Scalar, class Unit>
void add_cases(std::vector<Case>& cases, Activation activation, const std::string& name,
               const std::string& scalar) {
  const MlpModel model = MlpModel::initial(
      {.num_x = num_x, .num_y = num_y, .hidden = hidden, .activation = activation});
  const std::vector<Index> rows(chains, 0);
  const auto energy =
      std::make_shared<MlpEnergy<Scalar>>(model.prepare(Eigen::MatrixXd::Ones(1, num_x)), rows);
  const auto y = std::make_shared<Block<Scalar>>(waves<Scalar>(num_y));
  const auto out = std::make_shared<PerChain>(chains);
  const auto grad = std::make_shared<Block<Scalar>>(chains, num_y);
  const std::size_t whole = cases.size();
  const auto add = [&](const std::string& what, std::function<void()> run) {
    cases.push_back({name + ": " + what, scalar, std::move(run), whole});
  };
  add("energy and gradient", [=] {
    energy->energy_and_grad(*y, *out, *grad);
    keep(grad->data());
  });
  add("energy", [=] {
    energy->energy(*y, *out);
    keep(out->data());
  });
  const auto u = std::make_shared<Block<Scalar>>(waves<Scalar>(hidden));
  const auto value = std::make_shared<Block<Scalar>>(chains, hidden);
  const auto slope = std::make_shared<Block<Scalar>>(chains, hidden);
  add("phi and phi' alone", [=] {
    const Scalar* in = u->data();
    Scalar* values = value->data();
    Scalar* slopes = slope->data();
    for (Index i = 0; i < chains * hidden; ++i) {
      const UnitValue<Scalar> unit = Unit::at(in[i]);
      values[i] = unit.value;
      slopes[i] = unit.slope;
    }
    keep(values);
    keep(slopes);
  });
  const auto w = std::make_shared<Block<Scalar>>(waves<Scalar>(num_y).topRows(hidden));
  add("products there and back alone", [=] {
    value->matrix().noalias() += y->matrix() * w->matrix().transpose();
    grad->matrix().noalias() += u->matrix() * w->matrix();
    keep(value->data());
    keep(grad->data());
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_mlp [--json]\n");
    return 2;
  }
  std::vector<Case> cases;
  add_cases<double, SiluUnit>(cases, Activation::silu, "silu", "double");
  add_cases<double, SoftplusUnit>(cases, Activation::softplus, "softplus", "double");
  add_cases<double, TanhUnit>(cases, Activation::tanh, "tanh", "double");
  add_cases<float, SiluUnit>(cases, Activation::silu, "silu", "float");
  add_cases<float, SoftplusUnit>(cases, Activation::softplus, "softplus", "float");
  add_cases<float, TanhUnit>(cases, Activation::tanh, "tanh", "float");
  measure(cases);
  print(cases, json);
  return 0;
}
