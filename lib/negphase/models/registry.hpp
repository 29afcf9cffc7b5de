#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/core/options.hpp"

namespace negphase {

/// The columns of a data set, from which a model takes its sizes.
struct DataShape {
  Index num_x = 0;
  Index num_y = 0;
  std::vector<Index> y_states = {};  ///< [num_y] states of a column of labels, 0 for numbers
};

/// A small instance with data, on which every exact method and sampler that fits can be tried.
struct ModelExample {
  AnyModel model;
  Eigen::MatrixXd x;  ///< [rows x num_x]
  Eigen::MatrixXd y;  ///< [rows x num_y], state codes where discrete
};

/// A model as a user chooses it.
struct ModelRow {
  std::string_view name;
  std::string_view doc;  ///< its formula, one line
  std::vector<OptionSpec> options;
  std::string_view param_order;  ///< what W holds, in order
  ColumnKind y_kind;             ///< what the columns of y hold
  /// The model with the parameters that training starts from (0; a Gaussian: b = 0, P = I; a
  /// mixture: its means spread).
  /// Throws ConfigError where the data have the wrong number of columns.
  AnyModel (*make)(const Options&, const DataShape&);
  ModelExample (*example)();
};

std::span<const ModelRow> model_registry();
/// Throws ConfigError with the nearest name.
const ModelRow& find_model(const std::string& name);

}  // namespace negphase
