#include <negphase/gradient/defaults.hpp>
#include <negphase/models/pointwise.hpp>
#include <negphase/registry/registry.hpp>

#include <cstdio>
using namespace negphase;

struct Tilted {  // E = w0 y^4 / 4 - w1 x y; its derivatives are taken of it
  static ModelShape shape() { return {1, {real_column()}, {}, 2}; }  // num_x, y, z, parameters
  static auto energy(const auto& w, const auto& x, const auto& y) {
    return w[0] * y[0] * y[0] * y[0] * y[0] / 4 - w[1] * x[0] * y[0];
  }
};

int main() {
  const Eigen::MatrixXd x{{-1}, {0.5}, {2}}, y{{-0.9}, {0.7}, {1.4}};
  const Problem problem{PointwiseModel<Tilted>(Params{{1, 1.5}}), x, y};
  const auto g = estimate_gradient(problem, make_sampler("mala"));
  const auto exact = exact_gradient(problem);
  for (int i : {0, 1}) {
    std::printf("dL/dw%d: %.3f +- %.3f, exact %.3f\n", i, g.mean[i], g.standard_error[i], exact[i]);
  }
}
