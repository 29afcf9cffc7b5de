#include "negphase/models/combined_models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

template <class Scalar>
AnyEnergy<Scalar> SumRule::combine(std::vector<AnyEnergy<Scalar>> parts, Index chains) const {
  return EnergySum<Scalar>(std::move(parts), chains);
}

template <class Scalar>
AnyEnergy<Scalar> PathRule::combine(std::vector<AnyEnergy<Scalar>> parts, Index chains) const {
  if (parts.size() != 2) {
    throw UsageError(fmt::format("a path leads from one energy to another, got {}", parts.size()));
  }
  return Path<Scalar>(std::move(parts[0]), std::move(parts[1]), PerChain::Constant(chains, lambda));
}

template <class Scalar>
AnyEnergy<Scalar> MixtureRule::combine(std::vector<AnyEnergy<Scalar>> parts, Index) const {
  return EnergyMixture<Scalar>(std::move(parts), log_weights, beta);
}

template AnyEnergy<float> SumRule::combine(std::vector<AnyEnergy<float>>, Index) const;
template AnyEnergy<double> SumRule::combine(std::vector<AnyEnergy<double>>, Index) const;
template AnyEnergy<float> PathRule::combine(std::vector<AnyEnergy<float>>, Index) const;
template AnyEnergy<double> PathRule::combine(std::vector<AnyEnergy<double>>, Index) const;
template AnyEnergy<float> MixtureRule::combine(std::vector<AnyEnergy<float>>, Index) const;
template AnyEnergy<double> MixtureRule::combine(std::vector<AnyEnergy<double>>, Index) const;

template <class Rule>
CombinedModel<Rule>::CombinedModel(std::vector<AnyModel> parts, Rule rule)
    : parts_(std::move(parts)), rule_(std::move(rule)) {
  if (parts_.empty()) {
    throw ConfigError("there is no model to put together");
  }
  const ModelShape first = parts_[0].shape();
  Index num_x = 0, num_params = 0;
  for (const AnyModel& part : parts_) {
    const ModelShape shape = part.shape();
    if (shape.y != first.y || shape.z != first.z) {
      throw ConfigError("models that are put together must have the same y and z");
    }
    if (num_x > 0 && shape.num_x > 0 && shape.num_x != num_x) {
      throw ConfigError(fmt::format(
          "models that are put together must take the same x, these take {} and {} columns", num_x,
          shape.num_x));
    }
    num_x = std::max(num_x, shape.num_x);
    num_params += shape.num_params;
  }
  auto w = std::make_shared<Params>(num_params);
  Index at = 0;
  for (const AnyModel& part : parts_) {
    w->segment(at, part.params().size()) = part.params();
    at += part.params().size();
  }
  w_ = std::move(w);
  // the rule has checks of its own
  const std::array<Index, 1> row{0};
  (void)this->template bind<double>(prepare(Eigen::MatrixXd::Zero(1, num_x)), row);
}

template <class Rule>
ModelShape CombinedModel<Rule>::shape() const {
  ModelShape shape = parts_[0].shape();
  for (const AnyModel& part : parts_) {
    shape.num_x = std::max(shape.num_x, part.shape().num_x);
  }
  shape.num_params = w_->size();
  return shape;
}

template <class Rule>
CombinedModel<Rule> CombinedModel<Rule>::with_params(const std::shared_ptr<const Params>& w) const {
  check_params_length(fmt::format("{} models put together", parts_.size()),
                      "those of each part, one after the other", w_->size(), w->size());
  CombinedModel changed = *this;
  Index at = 0;
  for (AnyModel& part : changed.parts_) {
    const Index count = part.params().size();
    part = part.with_params(w->segment(at, count));
    at += count;
  }
  changed.w_ = w;
  return changed;
}

template <class Rule>
std::string CombinedModel<Rule>::param_name(Index i) const {
  std::size_t k = 0;
  while (i >= parts_[k].params().size()) {
    i -= parts_[k++].params().size();
  }
  return fmt::format("{}.{}", k + 1, parts_[k].param_name(i));
}

template <class Rule>
std::shared_ptr<const std::vector<AnyPrepared>> CombinedModel<Rule>::prepare(
    const Eigen::MatrixXd& x) const {
  auto prepared = std::make_shared<Prepared>();
  for (const AnyModel& part : parts_) {
    prepared->push_back(part.prepare(part.shape().num_x > 0 ? x : Eigen::MatrixXd(x.rows(), 0)));
  }
  return prepared;
}

template class CombinedModel<SumRule>;
template class CombinedModel<PathRule>;
template class CombinedModel<MixtureRule>;

}  // namespace negphase
