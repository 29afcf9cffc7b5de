// MALA over a pointwise energy that neither gives its gradient nor lets it be taken must be refused
// where the two are put together, with the name of the member that is missing. With -DRIGHT the
// energy is written for any number type, and the file compiles.
#include "negphase/langevin/mala.hpp"
#include "negphase/models/pointwise.hpp"

using namespace negphase;

struct Spring {
  static ModelShape shape() { return {0, {real_column()}, {}, 1}; }
#ifdef RIGHT
  static auto energy(const auto& w, const auto&, const auto& y) { return w[0] * y[0] * y[0] / 2; }
#else
  using In = std::span<const double>;
  static double energy(const Params& w, In, In y) { return w[0] * y[0] * y[0] / 2; }
  static void param_grad(const Params&, In, In y, std::span<double> dw) { dw[0] = y[0] * y[0] / 2; }
#endif
};

int main() {
  const PointwiseModel<Spring> model(Params{{1.0}});
  const Index row = 0;
  const auto energy = model.bind<double>(model.prepare(Eigen::MatrixXd(1, 0)), {&row, 1});
  (void)Mala(0.1).init(energy, PerChain::Ones(1), Block<double>::Zero(1, 1));
}
