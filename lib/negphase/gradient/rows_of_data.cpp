#include "negphase/gradient/rows_of_data.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

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

/// Eight rows of eight bytes become the eight columns: halves of the square are exchanged, then
/// quarters, then bytes.
void transpose(std::array<std::uint64_t, 8>& rows) {
  const auto exchange = [&rows](std::size_t distance, std::uint64_t low_parts) {
    const auto shift = static_cast<unsigned>(8 * distance);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if ((i & distance) == 0) {
        const std::uint64_t t = (rows[i] >> shift ^ rows[i + distance]) & low_parts;
        rows[i + distance] ^= t;
        rows[i] ^= t << shift;
      }
    }
  };
  exchange(4, 0x00000000ffffffffU);
  exchange(2, 0x0000ffff0000ffffU);
  exchange(1, 0x00ff00ff00ff00ffU);
}

/// Byte begin + j of row i goes to turned[j * tile + i].
template <std::size_t tile>
void turn(const std::array<const std::int8_t*, tile>& from, Index size, Index begin, Index columns,
          std::int8_t* turned) {
  Index i = 0;
  if (columns == 8 && std::endian::native == std::endian::little) {
    std::array<std::uint64_t, 8> square{};
    for (; i + 8 <= size; i += 8) {
      for (std::size_t k = 0; k < 8; ++k) {
        std::memcpy(&square[k], from[static_cast<std::size_t>(i) + k] + begin, 8);
      }
      transpose(square);
      for (std::size_t j = 0; j < 8; ++j) {
        std::memcpy(turned + j * tile + i, &square[j], 8);
      }
    }
  }
  for (; i < size; ++i) {
    for (Index j = 0; j < columns; ++j) {
      turned[j * static_cast<Index>(tile) + i] = from[static_cast<std::size_t>(i)][begin + j];
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
      turn(from, size, begin, columns, turned.data());
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
