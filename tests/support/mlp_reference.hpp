#pragma once
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/models/activation.hpp"
#include "support/model_checks.hpp"

// The multilayer perceptron written anew, unit by unit in the documented order of W, for real and
// complex numbers: its derivatives are imaginary parts at a step of 1e-100, which are exact but for
// rounding (Squire, Trapp 1998).
namespace negphase::testing {

/// Sizes and constants, as in the product's MlpSpec (planted bugs have one of their own).
struct MlpSizes {
  Index num_x, num_y, hidden, layers;
  Activation activation;
  double confinement;
};

template <class T>
T phi(Activation activation, const T& u) {
  switch (activation) {
    case Activation::tanh:
      return std::tanh(u);
    case Activation::softplus:
      return std::log(T(1) + std::exp(u));
    case Activation::silu:
      return u / (T(1) + std::exp(-u));
  }
  return T(0);
}

template <class T>
T mlp_energy(const MlpSizes& sizes, const std::vector<T>& w, const std::vector<T>& x_and_y) {
  std::vector<T> below = x_and_y;
  auto next = w.begin();
  for (Index l = 0; l < sizes.layers; ++l) {
    std::vector<T> u(static_cast<std::size_t>(sizes.hidden), T(0));
    for (T& unit : u) {
      for (const T& input : below) {
        unit += *next++ * input;
      }
    }
    for (T& unit : u) {
      unit = phi(sizes.activation, unit + *next++);
    }
    below = u;
  }
  T energy(0);
  for (const T& unit : below) {
    energy += *next++ * unit;
  }
  for (auto y = x_and_y.begin() + sizes.num_x; y != x_and_y.end(); ++y) {
    energy += sizes.confinement / 2 * *y * *y;
  }
  return energy;
}

/// One chain: its parameters and inputs.
struct MlpPlace {
  std::vector<double> w, x_and_y;
};

inline double mlp_energy(const MlpSizes& sizes, const MlpPlace& at) {
  return mlp_energy(sizes, at.w, at.x_and_y);
}

/// The derivative by number `where` of w, or of x_and_y.
inline double mlp_derivative(const MlpSizes& sizes, const MlpPlace& at,
                             std::vector<double> MlpPlace::*part, Index where) {
  constexpr double step = 1e-100;
  using Complex = std::complex<double>;
  std::vector<Complex> w(at.w.begin(), at.w.end());
  std::vector<Complex> x_and_y(at.x_and_y.begin(), at.x_and_y.end());
  (part == &MlpPlace::w ? w : x_and_y)[static_cast<std::size_t>(where)] += Complex(0, step);
  return mlp_energy(sizes, w, x_and_y).imag() / step;
}

/// A model's energies against the reference, chain c at row c mod rows of x.
template <class Scalar>
class MlpComparison {
 public:
  MlpComparison(const AnyModel& model, const MlpSizes& sizes, const Eigen::MatrixXd& x,
                Index chains)
      : sizes_(sizes),
        energy_(model.bind<Scalar>(model.prepare(x), cycled_rows(chains, x.rows()))),
        y_(legal_block(energy_.columns(), chains, 21).template cast<Scalar>()) {
    for (Index c = 0; c < chains; ++c) {
      const Params& w = model.params();
      places_.push_back({{w.begin(), w.end()}, {}});
      std::vector<double>& inputs = places_.back().x_and_y;
      for (Index i = 0; i < sizes.num_x; ++i) {
        inputs.push_back(x(c % x.rows(), i));
      }
      for (Index i = 0; i < sizes.num_y; ++i) {
        inputs.push_back(static_cast<double>(y_(c, i)));
      }
    }
  }

  /// Worst |E - reference|, of energy() and energy_and_grad().
  double energy() {
    PerChain alone(y_.rows()), beside(y_.rows());
    Block<Scalar> grad(y_.rows(), y_.cols());
    energy_.energy(y_, alone);
    energy_.energy_and_grad(y_, beside, grad);
    return worst([&](Index c, const MlpPlace& at) {
      const double expected = mlp_energy(sizes_, at);
      double error = std::abs(alone[c] - expected);
      keep_worst(error, std::abs(beside[c] - expected));
      return error;
    });
  }

  /// Of dE/dy.
  double gradient() {
    PerChain out(y_.rows());
    Block<Scalar> grad(y_.rows(), y_.cols());
    energy_.energy_and_grad(y_, out, grad);
    return worst([&](Index c, const MlpPlace& at) {
      double error = 0;
      for (Index i = 0; i < y_.cols(); ++i) {
        const double expected = mlp_derivative(sizes_, at, &MlpPlace::x_and_y, sizes_.num_x + i);
        keep_worst(error, std::abs(static_cast<double>(grad(c, i)) - expected));
      }
      return error;
    });
  }

  /// Of dE/dW: of each chain as the last in a range of three, with weight -2, the others with 0.
  double param_grad() {
    return worst([&](Index c, const MlpPlace& at) {
      Eigen::VectorXd sum = Eigen::VectorXd::Zero(energy_.num_params());
      PerChain weights = PerChain::Zero(y_.rows());
      weights[c] = -2;
      const Index begin = std::max<Index>(c - 2, 0);
      energy_.add_param_grad(y_, {begin, c + 1 - begin}, weights, sum);
      double error = 0;
      for (Index p = 0; p < sum.size(); ++p) {
        const double expected = mlp_derivative(sizes_, at, &MlpPlace::w, p);
        keep_worst(error, std::abs(sum[p] / -2 - expected));
      }
      return error;
    });
  }

 private:
  template <class ErrorOf>
  double worst(const ErrorOf& error_of) const {
    double largest = 0;
    for (Index c = 0; c < y_.rows(); ++c) {
      keep_worst(largest, error_of(c, places_[static_cast<std::size_t>(c)]));
    }
    return largest;
  }
  /// NaN counts as infinity.
  static void keep_worst(double& largest, double error) {
    largest = error <= largest ? largest : (std::isnan(error) ? HUGE_VAL : error);
  }

  MlpSizes sizes_;
  AnyEnergy<Scalar> energy_;
  Block<Scalar> y_;
  std::vector<MlpPlace> places_;
};

/// Worst |model - reference| over the chains.
struct MlpErrors {
  double energy = 0, gradient = 0, param_grad = 0;
  double worst() const { return std::max({energy, gradient, param_grad}); }
};

template <class Scalar>
MlpErrors mlp_errors(const AnyModel& model, const MlpSizes& sizes, const Eigen::MatrixXd& x,
                     Index chains) {
  MlpComparison<Scalar> comparison(model, sizes, x, chains);
  return {comparison.energy(), comparison.gradient(), comparison.param_grad()};
}

/// Roundings by which a net of mlp_params(), 5 units a layer and up to 3 layers may be off: 13
/// (5 terms and phi) at each of 7 places (3 layers there, 3 back, the sum) of numbers up to 4, made
/// larger on the way by at most 1.1 x 5 x 0.4 = 2.2 a layer, six times.
constexpr double mlp_roundings = 13 * 7 * 4 * 113;

/// Parameters that no symmetry hides, up to 0.4 in magnitude.
inline Params mlp_params(Index count) {
  return (1.0 + 2.7 * Eigen::ArrayXd::LinSpaced(count, 0, static_cast<double>(count - 1))).sin() *
         0.4;
}

inline Eigen::MatrixXd mlp_x(Index num_x) {
  const Eigen::MatrixXd x{{0.5, -1.25}, {-1, 0.75}, {1.5, 0.25}};
  return x.leftCols(num_x);
}

}  // namespace negphase::testing
