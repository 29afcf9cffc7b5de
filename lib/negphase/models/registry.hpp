#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/core/options.hpp"

namespace negphase {

/// Couplings between sites as a user gave them (io/couplings_file.hpp).
struct GivenCouplings {
  struct Coupling {
    Index first, second;  ///< sites, first < second
    double value = 0;
  };
  std::vector<Coupling> all;  ///< sorted by (first, second), each pair once
  bool has_values = false;    ///< else only which pairs are coupled is known
};

/// What a model takes its sizes from: the columns of a data set, and couplings where its options
/// name a file of them.
struct DataShape {
  Index num_x = 0;
  Index num_y = 0;
  std::vector<Index> y_states = {};  ///< [num_y] states of a column of labels, 0 for numbers
  const GivenCouplings* couplings = nullptr;
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
  std::string_view param_order;                ///< what W holds, in order
  ColumnKind y_kind;                           ///< what the columns of y hold
  std::vector<ColumnKind> other_y_kinds = {};  ///< what else they may hold, column by column
  /// The model with the parameters that training starts from (0; a Gaussian: b = 0, P = I; a
  /// mixture: its means spread; an mlp: fixed numbers of random looks; given couplings: their
  /// values).
  /// Throws ConfigError where the data have the wrong number of columns.
  AnyModel (*make)(const Options&, const DataShape&);
  ModelExample (*example)();
};

std::span<const ModelRow> model_registry();
/// Throws ConfigError with the nearest name.
const ModelRow& find_model(const std::string& name);

}  // namespace negphase
