#include "negphase/io/npy.hpp"

#include <fmt/core.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/npy_header.hpp"

namespace negphase {

static_assert(std::endian::native == std::endian::little,
              ".npy files are read and written without swapping bytes");

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

template <class Scalar>
Eigen::MatrixXd decode(std::string_view bytes, Eigen::Index rows, Eigen::Index columns,
                       bool fortran_order) {
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> flat(rows * columns);
  std::memcpy(flat.data(), bytes.data(), sizeof(Scalar) * static_cast<std::size_t>(flat.size()));
  const Eigen::VectorXd wide = flat.template cast<double>();
  if (fortran_order) {
    return Eigen::Map<const Eigen::MatrixXd>(wide.data(), rows, columns);
  }
  return Eigen::Map<const RowMajor>(wide.data(), rows, columns);
}

void write(const std::filesystem::path& file, const std::string& shape, const double* values,
           std::size_t count) {
  std::string header =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}", shape);
  constexpr std::size_t before = 10;  // magic, version, length
  header.append(63 - (before + header.size()) % 64, ' ');
  header.push_back('\n');
  std::string bytes(npy_magic);
  bytes.push_back('\1');
  bytes.push_back('\0');
  bytes.push_back(static_cast<char>(header.size() & 0xff));
  bytes.push_back(static_cast<char>(header.size() >> 8));
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(double));
  write_file_atomically(file, bytes);
}

}  // namespace

Eigen::MatrixXd read_npy(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  const NpyHeader header = parse_npy_header(file, bytes);
  const std::size_t start = header.data;
  const bool is_double = header.type == "<f8";
  if (!is_double && header.type != "<f4") {
    refuse(file, fmt::format("holds '{}'; '<f8' and '<f4' are read: save it with "
                             "numpy.save(file, a.astype('<f8'))",
                             header.type));
  }
  if (header.shape.empty() || header.shape.size() > 2) {
    refuse(file, fmt::format("has {} axes; 1 or 2 are read", header.shape.size()));
  }
  const std::uint64_t rows = header.shape[0];
  const std::uint64_t columns = header.shape.size() == 2 ? header.shape[1] : 1;
  const std::uint64_t there = (bytes.size() - start) / (is_double ? 8 : 4);
  // Divided, not multiplied: a product of two claims may overflow.
  const bool fits = rows == 0 || columns == 0 || rows <= there / columns;
  if (!fits || rows * columns != there || (bytes.size() - start) % (is_double ? 8 : 4) != 0) {
    refuse(file, fmt::format("the header claims {} x {} numbers, the file holds {}", rows, columns,
                             there));
  }
  const std::string_view data = std::string_view(bytes).substr(start);
  if (there == 0) {
    refuse(file, "holds no number");
  }
  const auto r = static_cast<Eigen::Index>(rows), c = static_cast<Eigen::Index>(columns);
  return is_double ? decode<double>(data, r, c, header.fortran_order)
                   : decode<float>(data, r, c, header.fortran_order);
}

void write_npy(const std::filesystem::path& file, const Eigen::VectorXd& values) {
  write(file, fmt::format("({},)", values.size()), values.data(),
        static_cast<std::size_t>(values.size()));
}

void write_npy(const std::filesystem::path& file, std::span<const Eigen::Index> shape,
               std::span<const double> values) {
  std::string text = "(";
  for (const Eigen::Index size : shape) {
    text += fmt::format("{}, ", size);
  }
  write(file, text + ")", values.data(), values.size());
}

void write_npy(const std::filesystem::path& file, const Eigen::MatrixXd& values) {
  const RowMajor rows = values;
  write(file, fmt::format("({}, {})", rows.rows(), rows.cols()), rows.data(),
        static_cast<std::size_t>(rows.size()));
}

}  // namespace negphase
