#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase {

/// What is needed for the second derivatives of the NLL (M10), as a model: the same energies, but
/// add_param_grad() adds, after g = dE/dW, the lower triangle row by row of
///   S = beta g g' - d2E/dW2,
/// so that whatever takes means of dE/dW takes those of S as well: L'' = H_p - H_data with
/// H = E[S] - beta E[g] E[g]'. d2E/dW2 is 0 where E is linear in W, else central differences of
/// dE/dW over steps of 6e-6 max(1, |W_i|), with an error of some 1e-10 of the second derivatives.
/// Offers no view that would sum dE/dW in closed form, and sums nothing out.
class SecondOrderModel {
 public:
  struct Prepared {
    AnyPrepared at_w;
    std::vector<AnyPrepared> shifted;
  };
  /// Of which function of the visible columns the derivatives are taken.
  enum class Of {
    energy,       ///< E(x, y, z): z are columns like y
    free_energy,  ///< F(x, y): z summed out, which must be possible
  };

  SecondOrderModel(AnyModel model, double beta, Of of);

  ModelShape shape() const;
  const Params& params() const { return model_.params(); }
  SecondOrderModel with_params(std::shared_ptr<const Params> w) const {
    return {model_.with_params(*w), beta_, of_};
  }
  std::string param_name(Index i) const;
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  AnyEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                         std::span<const Index> rows) const;

  Index num_params() const { return model_.shape().num_params; }
  /// Whether the function is linear in W: dE/dW is bit for bit the same at another W, at 64 random
  /// states.
  bool is_linear() const { return shifted_.empty(); }

 private:
  template <class Scalar>
  AnyEnergy<Scalar> bind_one(const AnyModel& model, const AnyPrepared& prepared,
                             std::span<const Index> rows) const;
  bool found_linear() const;

  AnyModel model_;
  double beta_;
  Of of_;
  std::vector<AnyModel> shifted_;  ///< W + h_0 e_0, W - h_0 e_0, W + h_1 e_1, ...
  std::vector<double> steps_;      ///< 2 h_i
};

}  // namespace negphase
