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

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = std::vector<Index>;

/// Of rows first .. first + size - 1 of a batch: where each begins in the data.
template <class T, std::size_t tile>
void find_rows(const RowMajor<T>& all, const Rows& rows, Index first, Index size,
               std::array<const T*, tile>& from) {
  for (Index i = 0; i < size; ++i) {
    from[static_cast<std::size_t>(i)] =
        all.data() + rows[static_cast<std::size_t>(first + i)] * all.cols();
  }
}

// a cache line of each column at a time
void take_rows(const RowMajor<double>& all, const Rows& rows, Eigen::MatrixXd& taken) {
  constexpr Index tile = 8;
  std::array<const double*, tile> from{};
  for (Index first = 0; first < taken.rows(); first += tile) {
    const Index size = std::min(tile, taken.rows() - first);
    find_rows(all, rows, first, size, from);
    for (Index j = 0; j < all.cols(); ++j) {
      double* to = taken.col(j).data() + first;
      for (Index i = 0; i < size; ++i) {
        to[i] = from[static_cast<std::size_t>(i)][j];
      }
    }
  }
}

// some bytes of many rows are turned in a corner that stays in the nearest cache, and written as
// doubles in long runs: the columns of a large batch lie where they are in one another's way
void take_rows(const RowMajor<std::int8_t>& all, const Rows& rows, Eigen::MatrixXd& taken) {
  constexpr Index tile = 256, some = 8;
  std::array<const std::int8_t*, tile> from{};
  std::array<std::int8_t, tile * some> turned{};
  for (Index first = 0; first < taken.rows(); first += tile) {
    const Index size = std::min(tile, taken.rows() - first);
    find_rows(all, rows, first, size, from);
    for (Index begin = 0; begin < all.cols(); begin += some) {
      const Index columns = std::min(some, all.cols() - begin);
      for (Index i = 0; i < size; ++i) {
        const std::int8_t* row = from[static_cast<std::size_t>(i)] + begin;
        for (Index j = 0; j < columns; ++j) {
          turned[static_cast<std::size_t>(j * tile + i)] = row[j];
        }
      }
      for (Index j = 0; j < columns; ++j) {
        const std::int8_t* column = turned.data() + j * tile;
        std::transform(column, column + size, taken.col(begin + j).data() + first,
                       [](std::int8_t value) { return static_cast<double>(value); });
      }
    }
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
  std::visit(
      [&](const auto& all) {
        taken.resize(static_cast<Index>(rows.size()), all.cols());
        take_rows(all, rows, taken);
      },
      rows_);
}

}  // namespace negphase
