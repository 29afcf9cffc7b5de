#include "negphase/exact/pairwise_data.hpp"

#include <fmt/format.h>

#include <array>

#include "negphase/core/error.hpp"
#include "negphase/exact/pairwise_view.hpp"

namespace negphase {

namespace {

AnyEnergy<double> energy_of(const AnyModel& model) {
  const std::array<Index, 1> row{0};
  return model.bind_double(model.prepare({}), row);
}

}  // namespace

std::optional<PairwiseData> pairwise_data(const AnyModel& model, const Eigen::MatrixXd& y) {
  const ModelShape shape = model.shape();
  if (y.rows() == 0 || y.cols() != shape.num_y()) {
    throw ConfigError(fmt::format("y is {} x {}, the model takes {} columns and at least one row",
                                  y.rows(), y.cols(), shape.num_y()));
  }
  if (shape.num_x > 0 || shape.num_z() > 0) {
    return {};
  }
  const AnyEnergy<double> energy = energy_of(model);
  if (!has_whole_pairwise_view(energy)) {
    return {};
  }
  const auto couplings = energy.pairwise().couplings;
  PairwiseData data{Eigen::VectorXd(static_cast<Index>(couplings.size())),
                    y.colwise().mean().transpose()};
  for (std::size_t e = 0; e < couplings.size(); ++e) {
    data.mean_products[static_cast<Index>(e)] =
        y.col(couplings[e].first).dot(y.col(couplings[e].second)) / static_cast<double>(y.rows());
  }
  return data;
}

std::optional<ExactPositive> solve_positive(const AnyModel& model, const PairwiseData& data) {
  const AnyEnergy<double> energy = energy_of(model);
  if (!has_whole_pairwise_view(energy)) {
    return {};
  }
  const PairwiseView view = energy.pairwise();
  ExactPositive positive{Eigen::VectorXd::Zero(energy.num_params()),
                         pairwise_constant(energy, view)};
  const auto add = [&](Index param, double weight, double mean) {
    positive.mean_free_energy -= weight * mean;
    if (param >= 0) {
      positive.mean_param_grad[param] -= mean;
    }
  };
  for (std::size_t e = 0; e < view.couplings.size(); ++e) {
    const PairwiseView::Coupling& c = view.couplings[e];
    add(c.param, c.weight, data.mean_products[static_cast<Index>(e)]);
  }
  for (Index j = 0; j < data.mean_states.size(); ++j) {
    add(view.linear_param[static_cast<std::size_t>(j)], view.linear(0, j), data.mean_states[j]);
  }
  return positive;
}

}  // namespace negphase
