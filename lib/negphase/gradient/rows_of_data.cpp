#include "negphase/gradient/rows_of_data.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace negphase {

namespace {

using Eigen::Index;

bool is_byte(double value) {
  if (!(value >= -128 && value <= 127)) {
    return false;
  }
  const auto whole = static_cast<double>(static_cast<std::int8_t>(value));
  return std::bit_cast<std::uint64_t>(whole) == std::bit_cast<std::uint64_t>(value);  // not -0
}

constexpr Index tile = 8;  ///< rows that fill a cache line of each column of a batch

/// The next rows of a tile as doubles: where they lie in the data, or a copy in `copies`.
void find_rows(const double* const* from, Index, Index size, std::vector<double>&,
               std::array<const double*, tile>& rows) {
  std::copy_n(from, size, rows.begin());
}
void find_rows(const std::int8_t* const* from, Index columns, Index size,
               std::vector<double>& copies, std::array<const double*, tile>& rows) {
  copies.resize(static_cast<std::size_t>(tile * columns));
  for (Index i = 0; i < size; ++i) {
    double* to = copies.data() + i * columns;
    std::transform(from[i], from[i] + columns, to,
                   [](std::int8_t value) { return static_cast<double>(value); });
    rows[static_cast<std::size_t>(i)] = to;
  }
}

}  // namespace

RowsOfData::RowsOfData(const Eigen::MatrixXd& data) {
  if (std::all_of(data.data(), data.data() + data.size(), is_byte)) {
    rows_ = RowMajor<std::int8_t>(data.cast<std::int8_t>());
  } else {
    rows_ = RowMajor<double>(data);
  }
}

void RowsOfData::take(const std::vector<Index>& rows, Eigen::MatrixXd& taken) const {
  const auto take_from = [&](const auto& all) {
    using T = typename std::decay_t<decltype(all)>::Scalar;
    const Index columns = all.cols();
    taken.resize(static_cast<Index>(rows.size()), columns);
    std::vector<double> copies;
    std::array<const T*, tile> from{};
    std::array<const double*, tile> doubles{};
    for (Index first = 0; first < taken.rows(); first += tile) {
      const Index size = std::min(tile, taken.rows() - first);
      for (Index i = 0; i < size; ++i) {
        const Index row = rows[static_cast<std::size_t>(first + i)];
        from[static_cast<std::size_t>(i)] = all.data() + row * columns;
      }
      find_rows(from.data(), columns, size, copies, doubles);
      for (Index j = 0; j < columns; ++j) {
        double* to = taken.col(j).data() + first;
        for (Index i = 0; i < size; ++i) {
          to[i] = doubles[static_cast<std::size_t>(i)][j];
        }
      }
    }
  };
  std::visit(take_from, rows_);
}

}  // namespace negphase
