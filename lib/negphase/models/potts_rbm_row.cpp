#include <fmt/format.h>

#include <algorithm>

#include "negphase/models/category_columns.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/potts_rbm.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

AnyModel make_potts_rbm(const Options& options, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("potts_rbm", "no x column and at least 1 y column", data);
  }
  std::vector<Index> states = category_states("potts_rbm", "states", options, data);
  const Index hidden = options.integer("hidden");
  double visible_states = 0;
  for (const Index k : states) {
    visible_states += static_cast<double>(k);
  }
  const double count = (visible_states + 1) * (static_cast<double>(hidden) + 1) - 1;
  // cut off where no memory is enough: larger numbers are no Index
  check_params_memory(fmt::format("potts_rbm {} x {}", data.num_y, hidden),
                      static_cast<Index>(std::min(count, 1e17)));
  return PottsRbmModel(std::move(states), hidden, Params::Zero(static_cast<Index>(count)));
}

ModelExample potts_rbm_example() {
  const Eigen::MatrixXd y{{0, 2}, {1, 0}, {1, 1}, {0, 2}};
  Params w(5 * 2 + 5 + 2);
  w << 0.5, -0.25, -0.75, 0.625, 0.125, 0.75, 0.25, -0.125, -0.5, 0.375,  //
      0.25, -0.5, 0.75, 0.125, -0.375,                                    //
      -0.25, 0.5;
  return {PottsRbmModel({2, 3}, 2, std::move(w)), Eigen::MatrixXd(4, 0), y};
}

}  // namespace

ModelRow potts_rbm_row() {
  return {.name = "potts_rbm",
          .doc = "E = -sum_i a_i(v_i) - c'h - sum_ij W_ij(v_i) h_j: an RBM over categories v = y",
          .options = {{.name = "hidden",
                       .fallback = std::int64_t{1},
                       .doc = "number of hidden units",
                       .low = 1,
                       .high = 1e6,
                       .unit = "units",
                       .required = true},
                      states_option("states")},
          .param_order =
              "W row by row (row = state of a visible unit, unit by unit), then a, then "
              "c",
          .y_kind = ColumnKind::category,
          .make = make_potts_rbm,
          .example = potts_rbm_example};
}

}  // namespace negphase
