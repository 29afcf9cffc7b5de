#pragma once
#include <Eigen/Core>

#include "negphase/core/model.hpp"

namespace negphase {

/// The total variation |p - q|_1 / 2 of two laws on the same states.
double total_variation(const Eigen::ArrayXd& p, const Eigen::ArrayXd& q);

/// What the total variation between p and the shares of `draws` independent draws from p is on
/// average: sum_k E|n_k / n - p_k| / 2, with n_k binomial and its mean absolute deviation in closed
/// form (De Moivre), E|n_k - n p| = 2 m C(n, m) p^m (1 - p)^(n - m + 1), m = floor(n p) + 1: no
/// normal approximation, which fails for the many states that are hardly ever visited. Below that
/// no sampler can come but by chance.
/// @param p  probabilities [states]  @param draws  taken to the nearest whole number; >= 1/2, else
/// the result is NaN
double expected_total_variation(const Eigen::ArrayXd& p, double draws);

/// Whether the law of y can be listed: unconditional, at most `max_states` states of y, and no z or
/// a z that can be summed out.
bool has_law_of_y(const AnyModel& model, double max_states);

/// The law of y [states], states as state_number() counts them. Throws as tabulate_states(), and
/// UsageError where has_law_of_y() of 2^20 states is false.
Eigen::ArrayXd law_of_y(const AnyModel& model, double beta);

/// Number of a state of finite columns: mixed radix, first column most significant.
template <class Position>
Index state_number(std::span<const Column> columns, const Position& position) {
  Index number = 0;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto code = static_cast<double>(position[static_cast<Index>(j)]);
    number = number * columns[j].num_states + state_index(columns[j], code);
  }
  return number;
}

}  // namespace negphase
