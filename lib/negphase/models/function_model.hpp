#pragma once
#include <memory>
#include <utility>

#include "negphase/models/pointwise.hpp"

namespace negphase {

/// A function as the functions of a PointwiseModel.
template <class Function>
struct FunctionEnergy {
  ModelShape sizes;
  std::shared_ptr<const Function> function;  ///< a lambda that captures cannot be assigned

  const ModelShape& shape() const { return sizes; }
  template <class W, class X, class Y>
  auto energy(const W& w, const X& x, const Y& y) const requires requires {
    (*function)(w, x, y);
  }
  { return (*function)(w, x, y); }
  template <class W, class X, class Y, class Z>
  auto energy(const W& w, const X& x, const Y& y, const Z& z) const requires requires {
    (*function)(w, x, y, z);
  }
  { return (*function)(w, x, y, z); }
};

/// A model out of a plain function or lambda, E = function(w, x, y), or function(w, x, y, z) where
/// the shape has latents:
///   FunctionModel model({0, {real_column()}, {}, 1},
///                       [](const auto& w, const auto&, const auto& y) {
///                         return w[0] * y[0] * y[0] / 2;
///                       }, Params{{1.5}});
/// Write it with `const auto&`, so that the derivatives can be taken of it, and call functions
/// without std:: (dual.hpp); state_number(z[0]) is the state that a discrete column holds. It is
/// called by several threads at once. Cost and abilities are those of PointwiseModel.
template <class Function>
class FunctionModel : public PointwiseModel<FunctionEnergy<Function>> {
 public:
  using Base = PointwiseModel<FunctionEnergy<Function>>;

  /// Throws ConfigError unless there are as many parameters as the shape says, UsageError where it
  /// has z and the function takes none.
  FunctionModel(ModelShape shape, Function function, Params w)
      : Base({std::move(shape), std::make_shared<const Function>(std::move(function))},
             std::make_shared<const Params>(std::move(w))) {}
  FunctionModel with_params(std::shared_ptr<const Params> w) const {
    return FunctionModel(Base::with_params(std::move(w)));
  }

 private:
  explicit FunctionModel(Base base) : Base(std::move(base)) {}
};

}  // namespace negphase
