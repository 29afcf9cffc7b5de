#pragma once
#include <array>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// A place of the chart: up to 3 coordinates, no heap.
using Point = Eigen::Array<double, Eigen::Dynamic, 1, 0, 3, 1>;

/// Where the integrand has a peak, as known beforehand.
struct Mode {
  Point place, width;  ///< in t
  double value = 0;    ///< log of the integrand
};

/// A box of the chart, and the integral of exp(-beta E) |dy/dt| over it. Integral, errors and noise
/// are in units of e^top, top the largest log of the integrand that a node saw.
struct Box {
  struct Face {
    double value;  ///< the largest log of the integrand at the nodes nearest to this face
    Point place;   ///< where
  };
  Point lower, upper;
  double top, integral = 0, noise = 0;
  Point errors;  ///< by axis
  std::array<Face, 6> faces;
  bool matters = false;  ///< it, or the box that it was cut from: more than probed
  PerChain logs;         ///< of the integrand at the nodes, for E_p[dE/dW]; empty where negligible
  Index axis = -1;       ///< of a box that was cut
  Index halves = 0;      ///< number of its lower half; the upper half is the next
  /// A place on axis j, from -1 to 1 across the box.
  double at(Index j, double node) const {
    const double half = (upper[j] - lower[j]) / 2;
    return lower[j] + half + half * node;
  }
  double volume() const { return (upper - lower).prod(); }
};

/// Boxes of a chart: the whole of it, halves, and halves of halves. Their numbers stay.
class BoxTree {
 public:
  /// The one box |t_j| < end.
  BoxTree(Index dimensions, double end);

  Index size() const { return static_cast<Index>(boxes_.size()); }
  Box& operator[](Index number) { return boxes_[static_cast<std::size_t>(number)]; }
  const Box& operator[](Index number) const { return boxes_[static_cast<std::size_t>(number)]; }
  /// Boxes that were not cut, ascending.
  std::vector<Index> leaves() const;
  /// The leaf that holds a place.
  Index locate(const Point& t) const;
  /// The leaf beyond a face of `box`, where the integrand is largest on this side of it; -1: none.
  /// @param number  of the face
  Index neighbour(const Box& box, std::size_t number) const;

  /// Before anything is evaluated: cuts until each box near a mode is about as wide as that.
  void cut_around(const std::vector<Mode>& modes) { cut_around(modes, 0); }
  /// As long as a rule's 15 nodes can be told apart.
  static bool can_cut(const Box& box, Index axis);
  /// In two; the number of the lower half.
  Index cut(Index number, Index axis);
  /// Across every axis whose bit is set; the numbers of the pieces go to the end of `made`.
  void cut_all(Index number, unsigned axes, std::vector<Index>& made);

 private:
  void cut_around(const std::vector<Mode>& modes, Index number);

  double end_;
  std::vector<Box> boxes_;
};

}  // namespace negphase
