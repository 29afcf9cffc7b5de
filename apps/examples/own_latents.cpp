#include <negphase/gradient/defaults.hpp>
#include <negphase/models/function_model.hpp>
#include <negphase/registry/registry.hpp>

#include <cstdio>
using namespace negphase;

// One x, two answers: a latent z chooses between y = w0 + w1 x and y = w2 - w1 x, each 1/w3 wide.
int main() {
  const ModelShape shape{1, {real_column()}, {bit_column()}, 4};  // num_x, y, z, parameters
  const auto energy = [](const auto& w, const auto& x, const auto& y, const auto& z) {
    const auto answer = state_number(z[0]) == 0 ? w[0] + w[1] * x[0] : w[2] - w[1] * x[0];
    return w[3] * w[3] * (y[0] - answer) * (y[0] - answer) / 2;
  };
  const FunctionModel model(shape, energy, Params{{0.5, 1, -0.5, 2}});

  const Eigen::MatrixXd x{{-1}, {0.5}, {2}}, y{{-0.9}, {0.7}, {-1.4}};
  const Problem problem{model, x, y};
  const auto g = estimate_gradient(problem, make_sampler("metropolis_within_gibbs"));
  const auto exact = exact_gradient(problem);
  for (int i = 0; i < 4; ++i) {
    std::printf("dL/dw%d: %.3f +- %.3f, exact %.3f\n", i, g.mean[i], g.standard_error[i], exact[i]);
  }
}
