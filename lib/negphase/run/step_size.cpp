#include "negphase/run/step_size.hpp"

#include <cmath>

namespace negphase {

template <class Scalar>
double advise_step_size(const AnyEnergy<Scalar>& energy, const Block<Scalar>& position,
                        double beta) {
  const Index chains = position.rows(), d = position.cols();
  PerChain e(chains), curvature = PerChain::Zero(chains);
  Block<Scalar> at(chains, d), shifted(chains, d), there(chains, d);
  Block<double> direction = Block<double>::Ones(chains, d);
  energy.energy_and_grad(position, e, at);
  // a difference of first order loses least at the cube root of the rounding unit
  const double reach = std::cbrt(static_cast<double>(std::numeric_limits<Scalar>::epsilon()));
  for (int round = 0; round < 20; ++round) {
    const PerChain length = direction.square().rowwise().sum().sqrt();
    const PerChain scale =
        reach * (1 + position.template cast<double>().square().rowwise().sum().sqrt());
    direction.colwise() /= length;
    shifted =
        (position.template cast<double>() + direction.colwise() * scale).template cast<Scalar>();
    energy.energy_and_grad(shifted, e, there);
    direction = (there.template cast<double>() - at.template cast<double>()).colwise() / scale;
    curvature = direction.square().rowwise().sum().sqrt();
  }
  double largest = 0;
  for (Index c = 0; c < chains; ++c) {
    if (std::isfinite(curvature[c])) {
      largest = std::max(largest, curvature[c]);
    }
  }
  return largest > 0 && beta > 0 ? 1 / (2 * beta * largest)
                                 : std::numeric_limits<double>::quiet_NaN();
}

template double advise_step_size(const AnyEnergy<float>&, const Block<float>&, double);
template double advise_step_size(const AnyEnergy<double>&, const Block<double>&, double);

}  // namespace negphase
