#include "negphase/core/log_sum_exp.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

using negphase::LogSumExp;
using Function = std::function<double(std::span<const double>)>;

constexpr double inf = std::numeric_limits<double>::infinity();

// steps of the floating-point grid between two numbers of one sign
double ulps(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) {
    return 0;
  }
  if (!std::isfinite(a) || !std::isfinite(b)) {
    return inf;
  }
  const auto ia = std::bit_cast<std::int64_t>(a), ib = std::bit_cast<std::int64_t>(b);
  return std::abs(static_cast<double>(ia) - static_cast<double>(ib));
}

double worst_ulps_on_vectors(const Function& f) {
  std::ifstream file(TEST_VECTOR_DIR "/logsumexp.json");
  double worst = 0;
  for (const auto& row : nlohmann::json::parse(file)) {
    std::vector<double> input;
    for (const auto& word : row["input"]) {
      input.push_back(std::strtod(word.get<std::string>().c_str(), nullptr));
    }
    worst = std::max(worst,
                     ulps(f(input), std::strtod(row["value"].get<std::string>().c_str(), nullptr)));
  }
  return worst;
}

double running(std::span<const double> a) {
  LogSumExp sum;
  for (const double x : a) {
    sum.add(x);
  }
  return sum.value();
}

double merged(std::span<const double> a) {
  LogSumExp left, right;
  left.add(a.first(a.size() / 2));
  right.add(a.subspan(a.size() / 2));
  left.merge(right);
  return left.value();
}

}  // namespace

TEST_CASE("M14: log-sum-exp within 1 ulp of the vectors, in one go, running and merged") {
  CHECK(worst_ulps_on_vectors(negphase::log_sum_exp) <= 1);
  CHECK(worst_ulps_on_vectors(running) <= 1);
  CHECK(worst_ulps_on_vectors(merged) <= 1);
}

TEST_CASE("planted E12: log-sum-exp without the maximum is rejected") {
  CHECK(worst_ulps_on_vectors([](std::span<const double> a) {
          double sum = 0;
          for (const double x : a) {
            sum += std::exp(x);
          }
          return std::log(sum);
        }) > 1);
}

TEST_CASE("planted: a maximum that is summed with the rest is rejected") {
  // log(1 + 1e-16): the 1 swallows the rest
  CHECK(worst_ulps_on_vectors([](std::span<const double> a) {
          double top = -inf, sum = 0;
          for (const double x : a) {
            top = std::max(top, x);
          }
          for (const double x : a) {
            sum += std::exp(x - top);
          }
          return std::isinf(top) ? top : top + std::log(sum);
        }) > 1);
}

TEST_CASE("a million equal terms lose nothing") {
  // log(n e^a) = a + log n; one rounding of the sum and one of the log: 2 ulp of 13.8
  const std::vector<double> a(1'000'000, 0.1);
  const double exact = 0.1 + std::log(1e6);
  CHECK(std::abs(negphase::log_sum_exp(a) - exact) <= 2 * 0x1p-49);
  CHECK(std::abs(running(a) - exact) <= 2 * 0x1p-49);
}

TEST_CASE("softplus and logistic hold at both ends") {
  CHECK(negphase::softplus(800) == 800);
  CHECK(negphase::softplus(-800) == 0);
  CHECK(negphase::softplus(0) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
  CHECK(negphase::logistic(800) == 1);
  CHECK(negphase::logistic(-800) == 0);
  CHECK(negphase::logistic(0) == 0.5);
  CHECK(negphase::logistic(-3) + negphase::logistic(3) == doctest::Approx(1).epsilon(1e-15));
}
