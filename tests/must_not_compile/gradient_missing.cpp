// MALA over an energy without a gradient must be refused where it is put together, with the name of
// the member that is missing. With -DRIGHT the energy has it, and the file compiles.
#include <vector>

#include "negphase/core/kernel.hpp"
#include "negphase/langevin/mala.hpp"

using namespace negphase;

struct Flat {
  using Scalar = double;
  Column column = real_column();
  std::span<const Column> columns() const { return {&column, 1}; }
  void energy(const Block<double>&, PerChain& out) const { out.setZero(); }
#ifdef RIGHT
  void energy_and_grad(const Block<double>&, PerChain& out, Block<double>& grad) const {
    out.setZero();
    grad.setZero();
  }
#endif
};

int main() {
  const Mala mala(0.1);
  (void)mala.init(Flat{}, PerChain::Ones(1), Block<double>::Zero(1, 1));
}
