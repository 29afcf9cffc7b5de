#include <doctest/doctest.h>

#include "planted/Y1.hpp"
#include "planted/Y2.hpp"
#include "planted/Y3.hpp"
#include "planted/Y4.hpp"
#include "planted/Y5.hpp"
#include "planted/Y7.hpp"
#include "planted/Y8.hpp"
#include "support/mlp_reference.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

/// The errors of a planted model; three layers of silu on two x unless `layers` says otherwise.
template <class Model, class Spec>
MlpErrors errors_of(Index layers = 3, Activation activation = Activation::silu) {
  const MlpSizes s{2, 2, 5, layers, activation, 0.5};
  const Spec spec{s.num_x, s.num_y, s.hidden, s.layers, s.activation, s.confinement};
  return mlp_errors<double>(Model(spec, mlp_params(spec.num_params())), s, mlp_x(2), 16);
}

constexpr double right = mlp_roundings * 0x1p-53;
constexpr double seen = 1e-3;

}  // namespace

TEST_CASE("mlp: planted bugs are seen, each where it is") {
  SUBCASE("Y1: the slope of phi at its output") {
    for (const Activation a : {Activation::tanh, Activation::softplus, Activation::silu}) {
      const MlpErrors errors = errors_of<planted::Y1::MlpModel, planted::Y1::MlpSpec>(1, a);
      CHECK(errors.energy < right);
      CHECK(errors.gradient > seen);
      CHECK(errors.param_grad > seen);
    }
  }
  SUBCASE("Y2: dE/dy without the confinement") {
    const MlpErrors errors = errors_of<planted::Y2::MlpModel, planted::Y2::MlpSpec>();
    CHECK(errors.energy < right);
    CHECK(errors.gradient > seen);
    CHECK(errors.param_grad < right);
  }
  SUBCASE("Y3: the x of another chain") {
    CHECK(errors_of<planted::Y3::MlpModel, planted::Y3::MlpSpec>().energy > seen);
  }
  SUBCASE("Y4: weights ignored below v") {
    const MlpErrors errors = errors_of<planted::Y4::MlpModel, planted::Y4::MlpSpec>();
    CHECK(errors.gradient < right);
    CHECK(errors.param_grad > seen);
  }
  SUBCASE("Y5: W' for W on the way back, which one layer does not show") {
    CHECK(errors_of<planted::Y5::MlpModel, planted::Y5::MlpSpec>(1).worst() < right);
    const MlpErrors errors = errors_of<planted::Y5::MlpModel, planted::Y5::MlpSpec>(2);
    CHECK(errors.energy < right);
    CHECK(errors.gradient > seen);
    CHECK(errors.param_grad > seen);
  }
  SUBCASE("Y7: the x of the block's first chains in a range of others") {
    const MlpErrors errors = errors_of<planted::Y7::MlpModel, planted::Y7::MlpSpec>();
    CHECK(errors.gradient < right);
    CHECK(errors.param_grad > seen);
  }
  SUBCASE("Y8: the confinement not halved") {
    const MlpErrors errors = errors_of<planted::Y8::MlpModel, planted::Y8::MlpSpec>();
    CHECK(errors.energy > seen);
    CHECK(errors.gradient < right);
  }
}
