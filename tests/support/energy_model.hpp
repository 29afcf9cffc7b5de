#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase::testing {

/// The family of one energy in double, without parameters and without x: any energy as a model.
class EnergyModel {
 public:
  struct Prepared {};
  using Bind = std::function<AnyEnergy<double>(Index chains)>;

  EnergyModel(std::vector<Column> y, std::vector<Column> z, Bind bind)
      : shape_{0, std::move(y), std::move(z), 0}, bind_(std::move(bind)) {}
  /// All columns are y's.
  template <class E>
  static EnergyModel of(const E& energy) {
    return {{energy.columns().begin(), energy.columns().end()}, {}, [energy](Index) {
              return AnyEnergy<double>(energy);
            }};
  }

  ModelShape shape() const { return shape_; }
  const Params& params() const { return w_; }
  EnergyModel with_params(const std::shared_ptr<const Params>&) const { return *this; }
  std::string param_name(Index) const { return ""; }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class Scalar>
  AnyEnergy<Scalar> bind(const std::shared_ptr<const Prepared>&,
                         std::span<const Index> row_of_chain) const {
    if constexpr (std::same_as<Scalar, double>) {
      return bind_(static_cast<Index>(row_of_chain.size()));
    } else {
      throw UsageError("this model is for tests in double only");
    }
  }

 private:
  ModelShape shape_;
  Bind bind_;
  Params w_;
};

}  // namespace negphase::testing
