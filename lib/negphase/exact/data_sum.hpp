#pragma once
#include <functional>

#include "negphase/core/model.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// Sums, or means, over rows of data.
struct DataSum {
  Eigen::VectorXd param_grad;  ///< [P] of dF/dW = E_{z|x,y}[dE/dW]; empty without param_grad
  double free_energy = 0;      ///< of F_W(x, y)
};

/// The free energies, over y, of data rows first .. first + size - 1.
using BindData = std::function<AnyEnergy<double>(Index first, Index size)>;

/// Sums over the rows of y, in blocks of 64, merged in their order. Throws ConfigError for a datum
/// of energy +inf, ModelError for one of energy NaN or -inf (rows count from 1), and ConfigError
/// where the sums do not fit into memory.
DataSum sum_over_data(const Eigen::MatrixXd& y, Index num_params, const BindData& free_energies,
                      const Executor& executor);

/// Throws ConfigError where x and y do not fit the model or each other.
void check_data(const ModelShape& shape, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y);

}  // namespace negphase
