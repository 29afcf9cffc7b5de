#include "negphase/gradient/replicates.hpp"

#include <limits>
#include <utility>

namespace negphase {

namespace {

using Cells = std::function<CellSum(Index cell)>;

ReplicateMean combine_groups(const Replicates& replicates, Index components, const Cells& sum_of) {
  const Index cells = replicates.cells();
  const auto n = static_cast<double>(replicates.chains());
  const auto freedom = static_cast<double>(cells - 1);
  const auto size = [&](Index g) { return static_cast<double>(replicates.cell_size(g)); };
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(components), squares = mean;
  for (Index g = 0; g < cells; ++g) {
    const CellSum cell = sum_of(g);
    mean += size(g) * (cell.scale * cell.sum);
  }
  mean /= n;
  for (Index g = 0; g < cells; ++g) {
    const CellSum cell = sum_of(g);
    squares += size(g) * (cell.scale * cell.sum - mean).cwiseAbs2();
  }
  squares /= freedom * n;
  Eigen::VectorXd mean_square = mean.cwiseAbs2();
  return {std::move(mean), std::move(squares), Eigen::VectorXd::Constant(components, freedom),
          std::move(mean_square)};
}

ReplicateMean combine_rows(const Replicates& replicates, Index components, const Cells& sum_of) {
  const Index rows = replicates.rows();
  const Index per_row = replicates.chains() / rows;
  const auto r = static_cast<double>(rows), m = static_cast<double>(per_row);
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(components), between = mean, squared_error = mean;
  Eigen::VectorXd fourth = mean, row_mean(components), share(components);
  for (Index row = 0; row < rows; ++row) {
    row_mean.setZero();
    for (Index k = 0; k < per_row; ++k) {
      const CellSum cell = sum_of(row + k * rows);
      row_mean += cell.scale * cell.sum;
    }
    row_mean /= m;
    share.setZero();
    for (Index k = 0; k < per_row; ++k) {
      const CellSum cell = sum_of(row + k * rows);
      share += (cell.scale * cell.sum - row_mean).cwiseAbs2();
    }
    share /= (m - 1) * m * r * r;
    mean += row_mean / r;
    between += row_mean.cwiseAbs2() / r;
    squared_error += share;
    fourth += share.cwiseAbs2() / (m - 1);
  }
  const Eigen::ArrayXd freedom =
      (squared_error.array() > 0)
          .select(squared_error.array().square() / fourth.array(), r * (m - 1));
  return {mean, squared_error, freedom.matrix(), between};
}

}  // namespace

ReplicateMean combine(const Replicates& replicates, Index components, const Cells& cells) {
  return replicates.rows() > 0 ? combine_rows(replicates, components, cells)
                               : combine_groups(replicates, components, cells);
}

ReplicateMean combine(const Replicates& replicates, const Eigen::MatrixXd& cell_means) {
  return combine(replicates, cell_means.rows(),
                 [&](Index cell) { return CellSum{cell_means.col(cell)}; });
}

ReplicateMean difference(const ReplicateMean& a, const ReplicateMean& b) {
  ReplicateMean d;
  d.mean = a.mean - b.mean;
  d.squared_error = a.squared_error + b.squared_error;
  d.mean_square = d.mean.cwiseAbs2();
  d.degrees_of_freedom.resize(a.mean.size());
  for (Index i = 0; i < a.mean.size(); ++i) {
    const double va = a.squared_error[i], vb = b.squared_error[i];
    // a phase without error has infinitely many degrees of freedom, and 0 / inf = 0
    const double spread = va * va / a.degrees_of_freedom[i] + vb * vb / b.degrees_of_freedom[i];
    d.degrees_of_freedom[i] = spread > 0
                                  ? (va + vb) * (va + vb) / spread
                                  : std::min(a.degrees_of_freedom[i], b.degrees_of_freedom[i]);
  }
  return d;
}

}  // namespace negphase
