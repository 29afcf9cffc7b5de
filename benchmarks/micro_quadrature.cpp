// Quadrature over 2 and 3 real columns: energies and seconds a row of integrands whose integral is
// known, one thread, cheap energies (a C++ function a point).
//
//   micro_quadrature [--json]
//
// `said` is the error that the method reports, `true` how far log Z is off. Seconds are the median
// of some runs.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/cubature.hpp"
#include "negphase/exact/quadrature.hpp"

namespace {

using namespace negphase;
using In = std::span<const double>;
using Function = std::function<double(In)>;
constexpr int runs = 3;
constexpr double log_two_pi = 1.8378770664093455;

class PointFunction {
 public:
  using Scalar = double;
  PointFunction(Function f, Index d)
      : f_(std::move(f)),
        columns_(static_cast<std::size_t>(d), real_column()),
        y_(columns_.size()) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      for (Index j = 0; j < y.cols(); ++j) {
        y_[static_cast<std::size_t>(j)] = y(c, j);
      }
      out[c] = f_(y_);
    }
  }

 private:
  Function f_;
  std::vector<Column> columns_;
  mutable std::vector<double> y_;
};

struct Case {
  const char* name;
  Function energy;
  std::function<double(double d)> log_z;  ///< in closed form, or by integrals over a line
};

double square(In y) {
  double sum = 0;
  for (double v : y) {
    sum += v * v;
  }
  return sum;
}

/// All correlations 0.99.
double correlated(In y) {
  double sum = 0;
  for (double v : y) {
    sum += v;
  }
  const double others = 0.99 * static_cast<double>(y.size() - 1);
  return (square(y) - 0.99 / (1 + others) * sum * sum) / 0.02;
}

double four_modes(In y) {
  constexpr std::array<double, 4> sds{1, 0.5, 2, 0.7};
  std::array<double, 4> terms{};
  for (std::size_t k = 0; k < 4; ++k) {
    terms[k] = std::log(0.25);
    for (std::size_t j = 0; j < y.size(); ++j) {
      const double z = (y[j] - ((k >> (j % 2) & 1) != 0 ? 10 : -10)) / sds[k];
      terms[k] -= z * z / 2 + std::log(sds[k]) + log_two_pi / 2;
    }
  }
  return -log_sum_exp(terms);
}

double wells(In y) {
  double sum = 0;
  for (double v : y) {
    sum += (v * v - 4) * (v * v - 4) + 0.3 * v;
  }
  return sum;
}

double wells_on_a_line() {
  const auto bind = [](Index, Index) { return AnyEnergy<double>(PointFunction(wells, 1)); };
  return integrate_line(bind, 1, 1, {}, Executor(1))[0].log_z;
}

double funnel(In y) {
  double sum = y[0] * y[0] / 2;
  for (std::size_t j = 1; j < y.size(); ++j) {
    sum += (y[j] * y[j] * std::exp(-y[0]) + y[0]) / 2;
  }
  return sum;
}

double banana(In y) {
  return square(y) / 2 - y[1] * y[1] / 2 + 8 * (y[1] - y[0] * y[0]) * (y[1] - y[0] * y[0]);
}

double cauchy(In y) {
  double sum = 0;
  for (double v : y) {
    sum += std::log1p(v * v);
  }
  return sum;
}

std::vector<Case> cases() {
  const auto normal = [](double d) { return d / 2 * log_two_pi; };
  const double log_pi = std::log(std::numbers::pi);
  return {
      {"normal", [](In y) { return square(y) / 2; }, normal},
      {"correlation 0.99", correlated,
       [=](double d) {
         return normal(d) + (d - 1) / 2 * std::log(0.01) + std::log1p(0.99 * (d - 1)) / 2;
       }},
      {"four modes", four_modes, [](double) { return 0; }},
      {"double wells", wells, [](double d) { return d * wells_on_a_line(); }},
      {"funnel", funnel, normal},
      {"banana", banana, [=](double d) { return normal(d - 1) + (log_pi - std::log(8.0)) / 2; }},
      {"Cauchy", cauchy, [=](double d) { return d * log_pi; }},
      {"ball", [](In y) { return square(y) < 1 ? 0 : std::numeric_limits<double>::infinity(); },
       [=](double d) { return d == 2 ? log_pi : log_pi + std::log(4.0 / 3); }},
  };
}

struct Row {
  std::string name;
  Index d = 0;
  double energies = 0, seconds = 0, said = 0, off = 0;
  std::string refused = {};
};

Row measure(const Case& c, Index d) {
  const auto bind = [&](Index, Index) { return AnyEnergy<double>(PointFunction(c.energy, d)); };
  const Executor executor(1);
  Row row;
  row.name = c.name;
  row.d = d;
  std::vector<double> seconds;
  for (int run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    try {
      const RealIntegral integral = integrate_space(bind, 1, 1, {}, 1 << 25, executor)[0];
      row.energies = integral.evaluations;
      row.said = integral.error;
      row.off = std::abs(integral.log_z - c.log_z(static_cast<double>(d)));
    } catch (const std::exception& error) {
      row.refused = error.what();
    }
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  row.seconds = seconds[runs / 2];
  return row;
}

void print(const Row& row, bool json, bool first) {
  if (json) {
    fmt::print(
        "{}  {{\"name\": \"{}\", \"d\": {}, \"energies\": {}, \"seconds\": {:.4g}, "
        "\"said\": {:.3g}, \"refused\": \"{}\"}}",
        first ? "" : ",\n", row.name, row.d, row.energies, row.seconds, row.said, row.refused);
  } else if (!row.refused.empty()) {
    fmt::print("{:<18}{:>2} {:>11}{:>10.4f}  {}\n", row.name, row.d, "refused", row.seconds,
               row.refused);
  } else {
    fmt::print("{:<18}{:>2} {:>11.0f}{:>10.4f}{:>10.1e}{:>10.1e}\n", row.name, row.d, row.energies,
               row.seconds, row.said, row.off);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_quadrature [--json]\n");
    return 2;
  }
  if (json) {
    fmt::print("[\n");
  } else {
    fmt::print("{:<18}{:>2} {:>11}{:>10}{:>10}{:>10}\n", "integrand", "d", "energies", "seconds",
               "said", "true");
  }
  bool first = true;
  for (Index d : {2, 3}) {
    for (const Case& c : cases()) {
      print(measure(c, d), json, first);
      first = false;
    }
  }
  if (json) {
    fmt::print("\n]\n");
  }
  return 0;
}
