#include <negphase/gradient/registry.hpp>
#include <negphase/models/pointwise.hpp>
#include <negphase/registry/registry.hpp>

#include <cstdio>
using namespace negphase;
using In = std::span<const double>;

struct Tilted {  // E = w0 y^4/4 - w1 x y; a member grad(w, x, y, dy) would open it to Langevin
  static ModelShape shape() { return {1, {real_column()}, {}, 2}; }  // num_x, y, z, parameters
  static double energy(const Params& w, In x, In y) {
    return w[0] * y[0] * y[0] * y[0] * y[0] / 4 - w[1] * x[0] * y[0];
  }
  static void param_grad(const Params&, In x, In y, std::span<double> dw) {
    dw[0] = y[0] * y[0] * y[0] * y[0] / 4;
    dw[1] = -x[0] * y[0];
  }
};

int main() {
  const Eigen::MatrixXd x{{-1}, {0.5}, {2}}, y{{-0.9}, {0.7}, {1.4}};
  const Problem problem{PointwiseModel<Tilted>(Params{{1, 1.5}}), x, y};
  const Executor executor;
  const AnySampler walk = make_sampler("random_walk", {});
  const auto g = estimate_gradient(problem, &walk, "long_chains", {}, {.executor = &executor});
  const auto exact = estimate_gradient(problem, nullptr, "exact", {}, {.executor = &executor});
  for (int i : {0, 1}) {
    std::printf("dL/dw%d = %.3f +- %.3f, exact %.3f\n", i, g.mean[i], g.standard_error[i],
                exact.mean[i]);
  }
}
