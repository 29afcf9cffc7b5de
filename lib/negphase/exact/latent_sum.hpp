#pragma once
#include <string>

#include "negphase/exact/data_sum.hpp"
#include "negphase/exact/real_line.hpp"

namespace negphase {

/// How the latents of a model that has no closed sum over them can be summed out at its data.
struct LatentPlan {
  std::string method;   ///< "enumeration", "quadrature" or "mixed"; empty: none applies
  double states = 0;    ///< energies of all rows
  std::string why_not;  ///< where none applies
};

/// enumeration: z finite, rows x states within max_states; quadrature: one to three real columns of
/// z, about 1e5 energies a row (1e6 of three); mixed: finite and such real columns, 1e5 or 1e6
/// energies a state. beta > 0.
LatentPlan plan_latents(const ModelShape& shape, Index rows, double beta, double max_states);

/// Sums over the data of F_W(x, y) (M1) and E_{z|x,y}[dE/dW], the positive phase of M6, by a sum
/// over all states of finite z (SummedStates), an integral over real z in `range` (integrate_line,
/// integrate_space), or both. Cost: plan_latents(); the sums over states are as many energies and
/// dE/dW. Throws ConfigError where plan_latents() has no method, and as sum_over_data() and the
/// integrals do.
DataSum sum_over_latents(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                         double beta, double max_states, const LineRange& range,
                         const Executor& executor);

}  // namespace negphase
