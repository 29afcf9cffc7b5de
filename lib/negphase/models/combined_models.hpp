#pragma once
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/combined_energy.hpp"
#include "negphase/core/model.hpp"

namespace negphase {

/// How the energies of one block are put together; each makes an Energy of
/// core/combined_energy.hpp.
struct SumRule {  ///< E = sum_k E_k
  template <class Scalar>
  AnyEnergy<Scalar> combine(std::vector<AnyEnergy<Scalar>> parts, Index chains) const;
};
struct PathRule {  ///< E = (1 - lambda) E_1 + lambda E_2, for two parts
  double lambda = 0;
  template <class Scalar>
  AnyEnergy<Scalar> combine(std::vector<AnyEnergy<Scalar>> parts, Index chains) const;
};
struct MixtureRule {           ///< E = -(1/beta) log sum_k w_k exp(-beta E_k)
  Eigen::ArrayXd log_weights;  ///< log w_k; not trained
  double beta = 1;
  template <class Scalar>
  AnyEnergy<Scalar> combine(std::vector<AnyEnergy<Scalar>> parts, Index chains) const;
};

/// Models over the same y and z as one model, by a rule. Parts without x may stand beside parts
/// with x. W = the parameters of the parts, one part after the other, named "1.w0", "2.w0".
template <class Rule>
class CombinedModel {
 public:
  using Prepared = std::vector<AnyPrepared>;

  /// Throws ConfigError where there is no part, or their y, z or numbers of x differ; UsageError
  /// where the rule does not fit the parts.
  explicit CombinedModel(std::vector<AnyModel> parts, Rule rule = {});

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  CombinedModel with_params(const std::shared_ptr<const Params>& w) const;
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  AnyEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& prepared,
                         std::span<const Index> row_of_chain) const {
    std::vector<AnyEnergy<Scalar>> energies;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      energies.push_back(parts_[k].template bind<Scalar>((*prepared)[k], row_of_chain));
    }
    return rule_.combine(std::move(energies), static_cast<Index>(row_of_chain.size()));
  }

 private:
  std::vector<AnyModel> parts_;
  Rule rule_;
  std::shared_ptr<const Params> w_;
};

using SumModel = CombinedModel<SumRule>;
using PathModel = CombinedModel<PathRule>;
using MixtureModel = CombinedModel<MixtureRule>;

}  // namespace negphase
