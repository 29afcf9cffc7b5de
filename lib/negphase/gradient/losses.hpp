#pragma once
#include <span>
#include <string_view>

namespace negphase {

/// The constants of a loss. Each loss reads those that its row names.
struct LossConstants {
  double margin = 1;  ///< m > 0, in units of energy
  double gamma = 1;   ///< g > 0
};

/// A loss of one datum at F = F_W(x, y) and Fn = F_W(x, yn), and its two derivatives: the gradient
/// in W is by_data dF/dW + by_negative dFn/dW, yn held.
struct LossPoint {
  double value = 0;
  double by_data = 0;      ///< dL/dF
  double by_negative = 0;  ///< dL/dFn
};

/// Which other answers a loss looks at.
enum class LossNegative {
  none,         ///< energy: only the datum
  one,          ///< a single yn: drawn, searched or given
  minimum,      ///< perceptron: the y' of least F among ALL, the datum's own y among them
  all_answers,  ///< nll, minimum_empirical_error: sums over all y'
};

/// A row of the table of mathematics.md.
struct LossRow {
  std::string_view name;
  std::string_view formula;
  LossNegative negative = LossNegative::one;
  bool uses_margin = false, uses_gamma = false;
  /// The derivative jumps where the loss is 0: a line search cannot follow it there.
  bool has_kinks = false;
  /// Null for losses over all answers. Indicators are strict: at a kink both derivatives of the
  /// term are 0. Finite for finite F and Fn but where the value itself overflows (+inf).
  LossPoint (*at)(double data, double negative, const LossConstants& constants) = nullptr;
};

/// The ten losses.
std::span<const LossRow> losses();
/// Throws ConfigError with the nearest name.
const LossRow& find_loss(std::string_view name);

}  // namespace negphase
