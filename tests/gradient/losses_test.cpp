#include "negphase/gradient/losses.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "negphase/core/error.hpp"
#include "planted/LO1.hpp"
#include "planted/LO2.hpp"
#include "planted/LO3.hpp"
#include "planted/LO4.hpp"
#include "planted/LO5.hpp"
#include "planted/LO6.hpp"
#include "planted/LO7.hpp"

namespace {

using namespace negphase;

constexpr double m = 0.75, g = 0.3;

struct Point {
  double data, negative;
};

// away from every kink (F = 0, Fn = m, m + F - Fn = 0) by 0.1 at the least, on all sides of them
const std::vector<Point>& points() {
  static const std::vector<Point> all{{0.5, 0.25},  {0.5, 2.0},  {-0.5, 0.5}, {-0.5, 1.5},
                                      {1.25, 1.0},  {-2, -1.5},  {3, -1},     {0.125, 0.5},
                                      {-1.5, 2.25}, {0.25, 1.25}};
  return all;
}

// The formulas as the table has them, in long double and without a thought for overflow.
long double written_out(const std::string& loss, long double f, long double fn) {
  const long double d = f - fn;
  const auto plus = [](long double a) { return a > 0 ? a : 0; };
  if (loss == "energy") {
    return f;
  }
  if (loss == "simple") {
    return plus(f) + plus(m - fn);
  }
  if (loss == "hinge") {
    return plus(m + d);
  }
  if (loss == "log") {
    return std::log(1 + std::exp(d));
  }
  if (loss == "square_square") {
    return plus(f) * plus(f) + plus(m - fn) * plus(m - fn);
  }
  if (loss == "square_exponential") {
    return f * f + g * std::exp(-fn);
  }
  if (loss == "perceptron") {
    return d;
  }
  CHECK(loss == "minimum_classification_error");
  return 1 / (1 + std::exp(-d));
}

// Richardson's (64 D(h/4) - 20 D(h/2) + D(h)) / 45 of central differences D, h = 2^-6. Truncation
// h^6 |f^(7)| / 322560 < 1e-15 for |f^(7)| < 20, which all have at |F|, |Fn| <= 3 (g e^3 = 6);
// rounding in long double 1e-17.
template <class F>
double derivative(const F& f) {
  const auto central = [&](long double h) { return (f(h) - f(-h)) / (2 * h); };
  const long double h = 1.0L / 64;
  return static_cast<double>((64 * central(h / 4) - 20 * central(h / 2) + central(h)) / 45);
}

// Worst deviation of value and both derivatives, relative to 1 + their size.
template <class Row, class Constants>
double worst_error(const Row& row, const Constants& constants) {
  double worst = 0;
  const auto compare = [&](double got, double wanted) {
    const double error = std::abs(got - wanted) / (1 + std::abs(wanted));
    worst = std::isfinite(error) ? std::max(worst, error) : 1e300;
  };
  const std::string name(row.name);
  for (const Point& p : points()) {
    const auto got = row.at(p.data, p.negative, constants);
    compare(got.value, static_cast<double>(written_out(name, p.data, p.negative)));
    compare(got.by_data,
            derivative([&](long double h) { return written_out(name, p.data + h, p.negative); }));
    compare(got.by_negative,
            derivative([&](long double h) { return written_out(name, p.data, p.negative + h); }));
  }
  return worst;
}

// a value is some 5 operations, each off by an epsilon, of terms of at most e^3 times the result
constexpr double bound = 1e-14;

double inf() { return std::numeric_limits<double>::infinity(); }

}  // namespace

TEST_CASE("losses: the table has all ten, each with its formula and what it looks at") {
  CHECK(losses().size() == 10);
  int over_all = 0;
  for (const LossRow& row : losses()) {
    CAPTURE(row.name);
    CHECK(&find_loss(row.name) == &row);
    CHECK_FALSE(row.formula.empty());
    CHECK((row.at == nullptr) == (row.negative == LossNegative::all_answers));
    over_all += row.at == nullptr;
  }
  CHECK(over_all == 2);
  CHECK_THROWS_WITH_AS(find_loss("hinges"), doctest::Contains("did you mean 'hinge'?"),
                       ConfigError);
}

TEST_CASE(
    "losses energy, simple, hinge, log, square_square, square_exponential, perceptron, "
    "minimum_classification_error: value and derivatives against the written formulas") {
  for (const LossRow& row : losses()) {
    if (row.at != nullptr) {
      CAPTURE(row.name);
      CHECK(worst_error(row, LossConstants{m, g}) < bound);
    }
  }
}

TEST_CASE("losses: strict indicators, a kink gives 0") {
  const LossConstants c{m, g};
  const LossPoint simple = find_loss("simple").at(0, m, c);
  CHECK(simple.value == 0);
  CHECK(simple.by_data == 0);
  CHECK(simple.by_negative == 0);
  // m + F - Fn = 0 without a rounding; at d = 0 the value is m
  const LossPoint hinge = find_loss("hinge").at(0.5, 0.5 + m, c);
  CHECK(hinge.value == 0);
  CHECK(hinge.by_data == 0);
  CHECK(hinge.by_negative == 0);
  CHECK(find_loss("hinge").at(0.5, 0.5, c).value == m);
  const LossPoint square = find_loss("square_square").at(0, m, c);
  CHECK(square.value == 0);
  CHECK(square.by_data == 0);
  CHECK(square.by_negative == 0);
  CHECK(planted::LO5::find_loss("hinge").at(0.5, 0.5 + m, {m, g}).by_data == 1);
}

TEST_CASE("losses: nothing overflows that need not") {
  const LossConstants c{m, g};
  for (const double far : {1e4, 1e300}) {
    const LossPoint wrong_way = find_loss("log").at(far, 0, c);
    CHECK(wrong_way.value == far);
    CHECK(wrong_way.by_data == 1);
    CHECK(wrong_way.by_negative == -1);
    const LossPoint right_way = find_loss("log").at(0, far, c);
    CHECK(right_way.value == 0);
    CHECK(right_way.by_data == 0);
    const LossPoint error = find_loss("minimum_classification_error").at(far, 0, c);
    CHECK(error.value == 1);
    CHECK(error.by_data == 0);
  }
  // s(-40) (1 - s(-40)) = exp(-40) to 16 digits: 1 - s must not be taken of a rounded s
  CHECK(find_loss("minimum_classification_error").at(40, 0, c).by_data ==
        doctest::Approx(std::exp(-40.0)).epsilon(1e-14));
  // an answer of energy +inf is pushed by no loss
  for (const LossRow& row : losses()) {
    if (row.at != nullptr && row.negative == LossNegative::one) {
      CAPTURE(row.name);
      CHECK(row.at(0.5, inf(), c).by_negative == 0);
      CHECK(std::isfinite(row.at(0.5, inf(), c).value));
    }
  }
  CHECK(find_loss("square_exponential").at(0, -800, c).value == inf());
  CHECK(std::isinf(planted::LO4::find_loss("log").at(1e4, 0, {m, g}).value));
}

TEST_CASE("losses: wrong formulas are seen") {
  CHECK(worst_error(planted::LO1::find_loss("hinge"), planted::LO1::LossConstants{m, g}) > 0.4);
  CHECK(worst_error(planted::LO2::find_loss("square_square"), planted::LO2::LossConstants{m, g}) >
        0.1);
  CHECK(worst_error(planted::LO3::find_loss("simple"), planted::LO3::LossConstants{m, g}) > 0.4);
  CHECK(worst_error(planted::LO6::find_loss("minimum_classification_error"),
                    planted::LO6::LossConstants{m, g}) > 0.1);
  CHECK(worst_error(planted::LO7::find_loss("square_exponential"),
                    planted::LO7::LossConstants{m, g}) > 0.1);
}
