#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <variant>
#include <vector>

namespace negphase {

/// Data once more, each of its rows in one piece, from which a batch takes some. Where every number
/// is a whole one from -128 to 127 (bits, spins, states, small counts) they are kept as bytes, so
/// that a row takes an eighth of the memory's time; else as they are.
class RowsOfData {
 public:
  RowsOfData() = default;
  explicit RowsOfData(const Eigen::MatrixXd& data);
  /// Writes rows[i] of the data as row i of `taken` [rows.size() x columns], the same bits. Keeps
  /// its memory where it has that size already.
  void take(const std::vector<Eigen::Index>& rows, Eigen::MatrixXd& taken) const;
  bool are_bytes() const { return std::holds_alternative<RowMajor<std::int8_t>>(rows_); }

 private:
  template <class T>
  using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  std::variant<RowMajor<double>, RowMajor<std::int8_t>> rows_;
};

}  // namespace negphase
