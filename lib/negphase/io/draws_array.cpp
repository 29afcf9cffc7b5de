#include "negphase/io/draws_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/io/npy_header.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;
using Shape = std::vector<Index>;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

template <class Number>
void decode(std::string_view bytes, std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Number number;
    std::memcpy(&number, bytes.data() + i * sizeof(Number), sizeof(Number));
    values[i] = static_cast<double>(number);
  }
}

struct NumberType {
  std::string_view name;  // after the byte order
  std::size_t bytes;
  void (*decode)(std::string_view, std::vector<double>&);
};

constexpr NumberType number_types[] = {
    {"f8", 8, decode<double>},        {"f4", 4, decode<float>},
    {"i8", 8, decode<std::int64_t>},  {"i4", 4, decode<std::int32_t>},
    {"i2", 2, decode<std::int16_t>},  {"i1", 1, decode<std::int8_t>},
    {"u8", 8, decode<std::uint64_t>}, {"u4", 4, decode<std::uint32_t>},
    {"u2", 2, decode<std::uint16_t>}, {"u1", 1, decode<std::uint8_t>},
    {"b1", 1, decode<std::uint8_t>}};

const NumberType& number_type(const std::filesystem::path& file, std::string_view type) {
  const bool is_native = !type.empty() && (type[0] == '<' || type[0] == '|' || type[0] == '=');
  for (const NumberType& known : number_types) {
    if (is_native && type.substr(1) == known.name) {
      return known;
    }
  }
  refuse(file, fmt::format("holds '{}'; float64, float32, integers and truth values are read, the "
                           "lower byte first: save it with numpy.save(file, a.astype('<f8'))",
                           type));
}

// Product of the shape; refused where it is more than an index can count.
Index size_of(const std::filesystem::path& file, const std::vector<std::uint64_t>& shape) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Index>::max() / 16);
  std::uint64_t size = 1;
  for (const std::uint64_t n : shape) {
    if (n > most || (n > 0 && size > most / n)) {
      refuse(file, fmt::format("the header claims {} numbers, the file cannot hold them",
                               fmt::join(shape, " x ")));
    }
    size *= n;
  }
  return static_cast<Index>(size);
}

std::string shape_text(const Shape& shape) { return fmt::format("{}", fmt::join(shape, " x ")); }

// Chains of which every array has a draw, and how many draws all of them have.
struct Common {
  std::vector<Index> chains;
  std::vector<Index> draws;  // one an entry of `chains`
};

Common common_of(const std::vector<const DrawsArray*>& arrays) {
  Common common;
  for (Index c = 0; c < arrays.front()->shape[0]; ++c) {
    Index draws = std::numeric_limits<Index>::max();
    for (const DrawsArray* a : arrays) {
      draws = std::min(draws, a->whole_draws(c));
    }
    if (draws > 0) {
      common.chains.push_back(c);
      common.draws.push_back(draws);
    }
  }
  return common;
}

// Of a file that ends in the midst of a chain: a piece of it that would cost all others more draws
// than it brings is left out.
void drop_short_end(Common& common) {
  const auto kept = static_cast<Index>(common.chains.size()) - 1;
  if (kept >= 1 && kept * common.draws.front() > (kept + 1) * common.draws.back()) {
    common.chains.pop_back();
    common.draws.pop_back();
  }
}

void say_what_was_lost(const std::filesystem::path& file,
                       const std::vector<const DrawsArray*>& arrays, const Common& common,
                       ChainDraws& draws) {
  const DrawsArray& first = *arrays.front();
  Index claimed = 0;
  for (const DrawsArray* a : arrays) {
    claimed = std::max(claimed, a->shape[1]);
  }
  const bool is_whole =
      static_cast<Index>(common.chains.size()) == first.shape[0] &&
      std::all_of(common.draws.begin(), common.draws.end(), [&](Index n) { return n == claimed; });
  if (is_whole) {
    return;
  }
  draws.incomplete = true;
  const auto [least, most] = std::minmax_element(common.draws.begin(), common.draws.end());
  draws.notes.push_back(fmt::format(
      "{}: of {} chains of {} draws there are {} {} of {} draws", file.string(), first.shape[0],
      claimed, common.chains.size(), common.chains.size() == 1 ? "chain" : "chains",
      *least == *most ? fmt::format("{}", *least) : fmt::format("{} to {}", *least, *most)));
}

Index columns_of(const std::vector<DrawsArray>& arrays) {
  Index columns = 0;
  for (const DrawsArray& a : arrays) {
    columns += a.size_of_draw();
  }
  return columns;
}

Eigen::ArrayXXd side_by_side(const std::vector<DrawsArray>& arrays, Index chain, Index draws) {
  Eigen::ArrayXXd all(draws, columns_of(arrays));
  Index at = 0;
  for (const DrawsArray& a : arrays) {
    a.copy(chain, all.middleCols(at, a.size_of_draw()));
    at += a.size_of_draw();
  }
  return all;
}

}  // namespace

std::vector<Index> strides_of(const Shape& shape, bool fortran_order) {
  Shape strides(shape.size());
  Index stride = 1;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const std::size_t axis = fortran_order ? k : shape.size() - 1 - k;
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Index DrawsArray::size_of_draw() const {
  Index size = 1;
  for (std::size_t k = 2; k < shape.size(); ++k) {
    size *= shape[k];
  }
  return size;
}

Index DrawsArray::whole_draws(Index chain) const {
  // the number of a draw that lies farthest
  Index farthest = chain * strides[0];
  for (std::size_t k = 2; k < shape.size(); ++k) {
    farthest += (shape[k] - 1) * strides[k];
  }
  const Index left = static_cast<Index>(values.size()) - 1 - farthest;
  if (left < 0) {
    return 0;
  }
  return strides[1] == 0 ? shape[1] : std::min(shape[1], left / strides[1] + 1);
}

std::vector<std::string> DrawsArray::names() const {
  const Index size = size_of_draw();
  std::vector<std::string> all;
  for (Index j = 0; j < size && shape.size() > 2; ++j) {
    std::vector<std::string> places(shape.size() - 2);
    Index rest = j;
    for (std::size_t k = places.size(); k-- > 0;) {
      const Index place = rest % shape[k + 2];
      rest /= shape[k + 2];
      const bool has_label = k < labels.size() && !labels[k].empty();
      places[k] =
          has_label ? labels[k][static_cast<std::size_t>(place)] : fmt::format("{}", place + 1);
    }
    all.push_back(fmt::format("{}[{}]", name, fmt::join(places, ",")));
  }
  return shape.size() > 2 ? all : std::vector{name};
}

void DrawsArray::copy(Index chain, Eigen::Ref<Eigen::ArrayXXd> columns) const {
  for (Index j = 0; j < columns.cols(); ++j) {
    Index at = chain * strides[0], rest = j;
    for (std::size_t k = shape.size(); k-- > 2;) {
      at += rest % shape[k] * strides[k];
      rest /= shape[k];
    }
    for (Index d = 0; d < columns.rows(); ++d) {
      columns(d, j) = values[static_cast<std::size_t>(at + d * strides[1])];
    }
  }
}

std::size_t count_axes(const std::filesystem::path& file, std::string_view bytes) {
  return parse_npy_header(file, bytes).shape.size();
}

DrawsArray parse_draws_array(const std::filesystem::path& file, std::string_view bytes,
                             FirstAxes axes) {
  const NpyHeader header = parse_npy_header(file, bytes);
  const NumberType& type = number_type(file, header.type);
  const Index claimed = size_of(file, header.shape);
  if (claimed == 0) {
    refuse(file, "holds no number");
  }
  const auto there = static_cast<Index>((bytes.size() - header.data) / type.bytes);
  if (there > claimed || (there == claimed && (bytes.size() - header.data) % type.bytes != 0)) {
    refuse(file, fmt::format("the header claims {} numbers, the file holds more: {} bytes",
                             fmt::join(header.shape, " x "), bytes.size() - header.data));
  }
  DrawsArray array;
  array.shape.assign(header.shape.begin(), header.shape.end());
  array.strides = strides_of(array.shape, header.fortran_order);
  if (axes == FirstAxes::draw) {
    array.shape.insert(array.shape.begin(), 1);
    array.strides.insert(array.strides.begin(), 0);
  }
  array.values.resize(static_cast<std::size_t>(there));
  type.decode(bytes.substr(header.data), array.values);
  return array;
}

ChainDraws chain_draws_of(const std::filesystem::path& file,
                          const std::vector<DrawsArray>& quantities,
                          const std::vector<DrawsArray>& statistics) {
  std::vector<const DrawsArray*> arrays;
  for (const auto* some : {&quantities, &statistics}) {
    for (const DrawsArray& a : *some) {
      arrays.push_back(&a);
    }
  }
  if (quantities.empty()) {
    refuse(file, "holds no variable with draws");
  }
  const DrawsArray& first = quantities.front();
  for (const DrawsArray* a : arrays) {
    if (a->shape[0] != first.shape[0]) {
      refuse(file, fmt::format("'{}' has axes {}, '{}' {}: the first, the chains, must be the same",
                               first.name, shape_text(first.shape), a->name, shape_text(a->shape)));
    }
  }
  Common common = common_of(arrays);
  if (common.chains.empty()) {
    refuse(file, "ends before its first whole draw");
  }
  drop_short_end(common);
  ChainDraws draws;
  for (const DrawsArray& a : quantities) {
    const std::vector<std::string> names = a.names();
    draws.names.insert(draws.names.end(), names.begin(), names.end());
  }
  for (const DrawsArray& a : statistics) {
    draws.sampler_names.push_back(a.name);
  }
  for (std::size_t i = 0; i < common.chains.size(); ++i) {
    draws.chains.push_back(side_by_side(quantities, common.chains[i], common.draws[i]));
    if (!statistics.empty()) {
      draws.sampler_chains.push_back(side_by_side(statistics, common.chains[i], common.draws[i]));
    }
  }
  say_what_was_lost(file, arrays, common, draws);
  return draws;
}

}  // namespace negphase
