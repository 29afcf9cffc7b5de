#include "negphase/gradient/losses.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

double positive_part(double a) { return a > 0 ? a : 0; }

// s(a) = 1 / (1 + exp(-a)); exp(-|a|) cannot overflow
double logistic(double a) {
  const double e = std::exp(-std::abs(a));
  return (a >= 0 ? 1 : e) / (1 + e);
}

LossPoint energy_loss(double data, double, const LossConstants&) { return {data, 1, 0}; }

LossPoint simple_loss(double data, double negative, const LossConstants& c) {
  return {positive_part(data) + positive_part(c.margin - negative), data > 0 ? 1.0 : 0.0,
          negative < c.margin ? -1.0 : 0.0};
}

LossPoint hinge_loss(double data, double negative, const LossConstants& c) {
  const double violation = c.margin + (data - negative);
  const double fires = violation > 0 ? 1 : 0;
  return {positive_part(violation), fires, -fires};
}

LossPoint log_loss(double data, double negative, const LossConstants&) {
  const double d = data - negative;
  // log(1 + exp(d)) about its larger term
  const double value = positive_part(d) + std::log1p(std::exp(-std::abs(d)));
  return {value, logistic(d), -logistic(d)};
}

LossPoint square_square_loss(double data, double negative, const LossConstants& c) {
  const double above = positive_part(data);
  const double short_of_margin = positive_part(c.margin - negative);
  return {above * above + short_of_margin * short_of_margin, 2 * above, -2 * short_of_margin};
}

LossPoint square_exponential_loss(double data, double negative, const LossConstants& c) {
  const double repulsion = c.gamma * std::exp(-negative);
  return {data * data + repulsion, 2 * data, -repulsion};
}

LossPoint perceptron_loss(double data, double least, const LossConstants&) {
  return {data - least, 1, -1};
}

LossPoint classification_loss(double data, double negative, const LossConstants&) {
  const double d = data - negative;
  const double slope = logistic(d) * logistic(-d);  // 1 - s(d) = s(-d), without cancellation
  return {logistic(d), slope, -slope};
}

constexpr std::array<LossRow, 10> rows{{
    {.name = "nll",
     .formula = "F + (1/beta) log Z (M4): sums over all answers, or chains",
     .negative = LossNegative::all_answers},
    {.name = "energy",
     .formula = "F: only pushes down, and collapses unless something else holds other answers up",
     .negative = LossNegative::none,
     .at = energy_loss},
    {.name = "simple",
     .formula = "[F]+ + [m - Fn]+",
     .uses_margin = true,
     .has_kinks = true,
     .at = simple_loss},
    {.name = "hinge",
     .formula = "[m + F - Fn]+",
     .uses_margin = true,
     .has_kinks = true,
     .at = hinge_loss},
    {.name = "log", .formula = "log(1 + exp(F - Fn)), the soft hinge", .at = log_loss},
    {.name = "square_square",
     .formula = "([F]+)^2 + ([m - Fn]+)^2",
     .uses_margin = true,
     .at = square_square_loss},
    {.name = "square_exponential",
     .formula = "F^2 + g exp(-Fn)",
     .uses_gamma = true,
     .at = square_exponential_loss},
    {.name = "perceptron",
     .formula = "F - min over all y' of F(x, y')",
     .negative = LossNegative::minimum,
     .has_kinks = true,
     .at = perceptron_loss},
    {.name = "minimum_classification_error",
     .formula = "s(F - Fn), s(a) = 1 / (1 + exp(-a))",
     .at = classification_loss},
    {.name = "minimum_empirical_error",
     .formula = "1 - p(y given x), for finite y",
     .negative = LossNegative::all_answers},
}};

}  // namespace

std::span<const LossRow> losses() { return rows; }

const LossRow& find_loss(std::string_view name) {
  std::vector<std::string> known;
  for (const LossRow& row : rows) {
    if (row.name == name) {
      return row;
    }
    known.emplace_back(row.name);
  }
  throw ConfigError(unknown_name("loss", std::string(name), known));
}

}  // namespace negphase
