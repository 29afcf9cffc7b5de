#include "negphase/exact/box_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace negphase {

BoxTree::BoxTree(Index dimensions, double end) : end_(end) {
  Box whole{};
  whole.lower = Point::Constant(dimensions, -end);
  whole.upper = Point::Constant(dimensions, end);
  boxes_.push_back(whole);
}

std::vector<Index> BoxTree::leaves() const {
  std::vector<Index> leaves;
  for (Index number = 0; number < size(); ++number) {
    if ((*this)[number].axis < 0) {
      leaves.push_back(number);
    }
  }
  return leaves;
}

Index BoxTree::locate(const Point& t) const {
  Index number = 0;
  for (;;) {
    const Box& box = (*this)[number];
    if (box.axis < 0) {
      return number;
    }
    const Box& lower = (*this)[box.halves];
    number = box.halves + (t[box.axis] < lower.upper[box.axis] ? 0 : 1);
  }
}

Index BoxTree::neighbour(const Box& box, std::size_t number) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto axis = static_cast<Index>(number / 2);
  Point beyond = box.faces[number].place;
  beyond[axis] = number % 2 == 0 ? std::nextafter(box.lower[axis], -infinity) : box.upper[axis];
  return std::abs(beyond[axis]) < end_ ? locate(beyond) : -1;
}

void BoxTree::cut_around(const std::vector<Mode>& modes, Index number) {
  const Box box = (*this)[number];
  const double most_widths = box.lower.size() == 2 ? 2 : 3;  // measured: fewest energies
  Index axis = -1;
  double widest = most_widths;
  for (const Mode& mode : modes) {
    const bool is_near = (mode.place > box.lower - 2 * mode.width).all() &&
                         (mode.place < box.upper + 2 * mode.width).all();
    Index of_mode = 0;
    const double widths = ((box.upper - box.lower) / mode.width).maxCoeff(&of_mode);
    if (is_near && widths > widest && can_cut(box, of_mode)) {
      widest = widths;
      axis = of_mode;
    }
  }
  if (axis >= 0) {
    const Index halves = cut(number, axis);
    cut_around(modes, halves);
    cut_around(modes, halves + 1);
  }
}

bool BoxTree::can_cut(const Box& box, Index axis) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  const double far = std::max(std::abs(box.lower[axis]), std::abs(box.upper[axis]));
  return box.upper[axis] - box.lower[axis] > 4096 * epsilon * far;
}

Index BoxTree::cut(Index number, Index axis) {
  const Index halves = size();
  Box lower = (*this)[number];
  lower.logs.resize(0);
  Box upper = lower;
  lower.upper[axis] = upper.lower[axis] = (lower.lower[axis] + lower.upper[axis]) / 2;
  (*this)[number].axis = axis;
  (*this)[number].halves = halves;
  (*this)[number].logs.resize(0);
  boxes_.push_back(std::move(lower));
  boxes_.push_back(std::move(upper));
  return halves;
}

void BoxTree::cut_all(Index number, unsigned axes, std::vector<Index>& made) {
  for (Index j = 0; j < (*this)[number].lower.size(); ++j) {
    if ((axes >> j & 1U) != 0) {
      const Index halves = cut(number, j);
      cut_all(halves, axes & ~(1U << j), made);
      cut_all(halves + 1, axes & ~(1U << j), made);
      return;
    }
  }
  made.push_back(number);
}

}  // namespace negphase
