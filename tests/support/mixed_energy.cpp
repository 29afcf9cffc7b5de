#include "support/mixed_energy.hpp"

namespace negphase::testing {

// E = v'P v / 2 - b'v + c in v = (y, y') given (z, s): integrates to exp(-beta (c - b'P^-1 b / 2))
// 2 pi / (beta sqrt(det P))
MixedLaw::MixedLaw(double beta) {
  using E = MixedEnergy<double>;
  double sum = 0;
  for (std::size_t n = 0; n < parts.size(); ++n) {
    const std::size_t z = n / 2;
    const double s = n % 2 == 0 ? -1 : 1;
    Eigen::Matrix2d precision;
    precision << E::k[z], E::g, E::g, E::q;
    const Eigen::Vector2d linear(E::k[z] * E::m[z], E::q * E::r * s);
    const double constant =
        E::k[z] * E::m[z] * E::m[z] / 2 + E::q * E::r * E::r / 2 - E::b[z] - E::h * s;
    Part& part = parts[n];
    part.mean = precision.inverse() * linear;
    part.covariance = precision.inverse() / beta;
    part.weight = std::exp(-beta * (constant - linear.dot(part.mean) / 2)) /
                  std::sqrt(precision.determinant());
    sum += part.weight;
  }
  for (Part& part : parts) {
    part.weight /= sum;
  }
}

}  // namespace negphase::testing
