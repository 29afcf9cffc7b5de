#include "negphase/io/npy.hpp"

#include <fmt/core.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"

namespace negphase {

static_assert(std::endian::native == std::endian::little,
              ".npy files are read and written without swapping bytes");

namespace {

constexpr std::string_view magic{"\x93NUMPY", 6};

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Header {
  std::string type;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

// What follows "'key':" in the Python dictionary of the header.
std::string_view value_of(std::string_view text, std::string_view key) {
  const auto quoted = text.find(fmt::format("'{}'", key));
  if (quoted == text.npos) {
    return {};
  }
  const auto colon = text.find(':', quoted);
  const auto first = colon == text.npos ? colon : text.find_first_not_of(' ', colon + 1);
  return first == text.npos ? std::string_view{} : text.substr(first);
}

Header parse_header(const std::filesystem::path& file, std::string_view text) {
  Header header;
  const std::string_view type = value_of(text, "descr");
  const std::string_view order = value_of(text, "fortran_order");
  std::string_view shape = value_of(text, "shape");
  if (type.empty() || order.empty() || !shape.starts_with('(') || shape.find(')') == shape.npos) {
    refuse(file, "the .npy header is damaged");
  }
  header.type = type.front() == '\'' ? type.substr(1, type.find('\'', 1) - 1) : "a structure";
  header.fortran_order = order.starts_with("True");
  shape = shape.substr(1, shape.find(')') - 1);
  while (!shape.empty()) {
    if (shape.front() == ' ' || shape.front() == ',') {
      shape.remove_prefix(1);
      continue;
    }
    std::uint64_t size = 0;
    const auto read = std::from_chars(shape.data(), shape.data() + shape.size(), size);
    if (read.ec != std::errc{}) {
      refuse(file, "the shape in the .npy header is damaged");
    }
    header.shape.push_back(size);
    shape.remove_prefix(static_cast<std::size_t>(read.ptr - shape.data()));
  }
  return header;
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
  std::string bytes(magic);
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
  if (!bytes.starts_with(magic) || bytes.size() < 12) {
    refuse(file, "is no .npy file (its first bytes are not '\\x93NUMPY')");
  }
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    refuse(file, fmt::format(".npy format {} is unknown; 1 to 3 are read", version));
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, length_bytes);
  const std::size_t start = 8 + length_bytes + length;
  if (start > bytes.size()) {
    refuse(file, "the .npy header is longer than the file");
  }
  const Header header =
      parse_header(file, std::string_view(bytes).substr(8 + length_bytes, length));
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
