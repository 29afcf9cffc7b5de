#include "negphase/exact/box_sum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "negphase/core/kernel.hpp"
#include "negphase/exact/gauss_kronrod.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double negligible = 40;  // of a mode: below e^-40 of the highest
constexpr Index rule_size = 15;
/// A box is probed by Gauss's nodes first; below this share of the largest box (times the
/// tolerance) it is left at that.
constexpr double negligible_share = 1e-6;

constexpr int most_generations = 200;

const GaussKronrod& rule() { return gauss_kronrod<rule_size>(); }

/// One rule along each axis. Nodes are numbered k_0 + n (k_1 + n k_2).
struct ProductRule {
  std::vector<double> nodes;  ///< of one axis, on [-1, 1]
  PerChain weights;           ///< of the product
  Index per_axis() const { return static_cast<Index>(nodes.size()); }
  Index size() const { return weights.size(); }
  Index stride(Index axis) const {
    return axis == 0 ? 1 : axis == 1 ? per_axis() : per_axis() * per_axis();
  }
  /// Which node of its axis node n is.
  Index along(Index n, Index axis) const { return n / stride(axis) % per_axis(); }

  ProductRule(Index d, std::vector<double> at, const std::vector<double>& of_axis)
      : nodes(std::move(at)), weights(PerChain::Ones(d == 2 ? stride(2) : stride(2) * per_axis())) {
    for (Index n = 0; n < size(); ++n) {
      for (Index j = 0; j < d; ++j) {
        weights[n] *= of_axis[static_cast<std::size_t>(along(n, j))];
      }
    }
  }
};

const ProductRule& kronrod(Index d) {
  static const ProductRule square(2, rule().nodes, rule().kronrod);
  static const ProductRule cube(3, rule().nodes, rule().kronrod);
  return d == 2 ? square : cube;
}

const ProductRule& gauss(Index d) {
  const auto make = [](Index dimensions) {
    std::vector<double> nodes, weights;
    for (std::size_t k = 1; k < rule().size(); k += 2) {
      nodes.push_back(rule().nodes[k]);
      weights.push_back(rule().gauss[k]);
    }
    return ProductRule(dimensions, nodes, weights);
  };
  static const ProductRule square = make(2), cube = make(3);
  return d == 2 ? square : cube;
}

/// 1 - Gauss / Kronrod: turns terms of Kronrod's sum into those of the difference of the two.
const PerChain& difference_factors() {
  static const PerChain factors = [] {
    PerChain made(rule_size);
    for (Index k = 0; k < rule_size; ++k) {
      made[k] = 1 - rule().gauss[static_cast<std::size_t>(k)] /
                        rule().kronrod[static_cast<std::size_t>(k)];
    }
    return made;
  }();
  return factors;
}

/// The nodes of some boxes, box after box.
struct BoxNodes {
  Block<double> y;     ///< [boxes x nodes] x d
  PerChain log_slope;  ///< log |det dy/dt|
};

BoxNodes place_nodes(const Chart& chart, const ProductRule& rule, const BoxTree& boxes,
                     std::span<const Index> which) {
  const Index d = chart.dimensions();
  Block<double> u(rule.size() * static_cast<Index>(which.size()), d);
  PerChain log_slope = PerChain::Constant(u.rows(), chart.log_volume());
  PerChain u_of(rule.per_axis()), slope_of(rule.per_axis());
  Index row = 0;
  for (Index number : which) {
    const Box& box = boxes[number];
    for (Index j = 0; j < d; ++j) {
      for (Index k = 0; k < rule.per_axis(); ++k) {
        const double t = box.at(j, rule.nodes[static_cast<std::size_t>(k)]);
        u_of[k] = chart.map().y(t);
        slope_of[k] = chart.map().log_slope(t);
      }
      for (Index n = 0; n < rule.size(); ++n) {
        u(row + n, j) = u_of[rule.along(n, j)];
        log_slope[row + n] += slope_of[rule.along(n, j)];
      }
    }
    row += rule.size();
  }
  return {chart.y_of_u(u), std::move(log_slope)};
}

/// About 4000 nodes.
Index boxes_a_piece(Index nodes_a_box) { return std::max(Index{1}, 4096 / nodes_a_box); }

std::vector<double> energies_at(NodeEnergies& energies, const Block<double>& y) {
  return energies.at(std::span(y.data(), static_cast<std::size_t>(y.size())));
}

/// The terms of the sum over one box, in units of e^top; `logs` are the integrand's logarithms.
PerChain terms_of(const Box& box, const ProductRule& rule, const PerChain& logs) {
  const double half_widths = box.volume() / std::exp2(static_cast<double>(box.lower.size()));
  return rule.weights * (logs - box.top).exp() * half_widths;
}

/// By Gauss's nodes alone: for boxes that do not matter.
void probe_box(Box& box, const PerChain& logs) {
  box.top = logs.maxCoeff();
  box.integral = box.top > -infinity ? terms_of(box, gauss(box.lower.size()), logs).sum() : 0;
  box.errors = Point::Zero(box.lower.size());
  box.errors[0] = box.integral;
  box.noise = 0;
  box.faces.fill({-infinity, box.lower});
}

void sum_box(Box& box, const PerChain& logs) {
  const Index d = box.lower.size();
  box.matters = true;
  box.top = logs.maxCoeff();
  box.errors = Point::Zero(d);
  if (box.top == -infinity) {
    box.integral = 0;
    return;
  }
  const PerChain terms = terms_of(box, kronrod(d), logs);
  box.integral = terms.sum();
  for (Index j = 0; j < d; ++j) {
    const Index stride = kronrod(d).stride(j);
    for (Index line = 0; line < terms.size() / rule_size; ++line) {
      const Index first = line / stride * stride * rule_size + line % stride;
      double difference = 0;
      for (Index k = 0; k < rule_size; ++k) {
        difference += difference_factors()[k] * terms[first + k * stride];
      }
      box.errors[j] += std::abs(difference);
    }
  }
}

/// Looks for the largest integrand at the outermost nodes.
void note_faces(Box& box, const PerChain& logs) {
  const Index d = box.lower.size();
  const ProductRule& nodes = kronrod(d);
  std::array<Index, 6> best{};
  for (Index n = 0; n < logs.size(); ++n) {
    for (Index j = 0; j < d; ++j) {
      const Index k = nodes.along(n, j);
      const auto face = static_cast<std::size_t>(2 * j + (k == 0 ? 0 : 1));
      if ((k == 0 || k == rule_size - 1) && logs[n] > box.faces[face].value) {
        box.faces[face].value = logs[n];
        best[face] = n;
      }
    }
  }
  for (std::size_t face = 0; face < best.size(); ++face) {
    for (Index j = 0; j < d; ++j) {
      const auto k = static_cast<std::size_t>(nodes.along(best[face], j));
      box.faces[face].place[j] = box.at(j, nodes.nodes[k]);
    }
  }
}

/// What rounding of E and of y makes of the integral.
double noise_of(const Box& box, double beta, const PerChain& energies, const Block<double>& y) {
  double low = infinity, high = -infinity;
  for (double energy : energies) {
    if (energy < infinity) {
      low = std::min(low, energy);
      high = std::max(high, energy);
    }
  }
  if (!(low < infinity)) {
    return 0;
  }
  // a box that is not resolved yet must not pass its steepness off as noise
  const double rise = std::min(beta * (high - low), 4.0);
  double steps = 8 + beta * std::abs(low) + rise;
  for (Index j = 0; j < y.cols(); ++j) {
    const double left = y.col(j).minCoeff(), right = y.col(j).maxCoeff();
    if (right > left) {
      steps += rise * std::max(std::abs(left), std::abs(right)) / (right - left);
    }
  }
  return epsilon * box.integral * steps;
}

}  // namespace

BoxSum::BoxSum(RowNodes& nodes, const Chart& chart, Setup setup)
    : nodes_(nodes),
      chart_(chart),
      setup_(std::move(setup)),
      boxes_(chart.dimensions(), setup_.end) {
  boxes_.cut_around(setup_.modes);
  settle();
}

void BoxSum::settle() {
  std::vector<Index> fresh = boxes_.leaves();
  for (int generation = 1;; ++generation) {
    evaluate(fresh);
    add_up();
    Marks gaps(static_cast<std::size_t>(boxes_.size()), 0);
    mark_unseen_modes(gaps);
    mark_wide_neighbours(gaps);
    Marks all = gaps;
    mark_errors(all);
    mark_blind_neighbours(all);
    is_settled_ = energies_of(all) == 0;
    is_closed_ = energies_of(gaps) == 0;
    // half is kept for closing the gaps: what lies in them is not part of the error
    const bool refines = generation < most_generations && fits(all, setup_.most_energies / 2);
    const bool closes = generation < 2 * most_generations && fits(gaps, setup_.most_energies);
    if (is_settled_ || !(refines || (!is_closed_ && closes))) {
      is_closed_ = is_closed_ && (is_settled_ || !has_open_end());
      return;
    }
    fresh = cut_marked(refines ? all : gaps);
  }
}

/// What the halves of the marked boxes would cost.
double BoxSum::energies_of(const Marks& marks) const {
  const Index d = chart_.dimensions();
  double pieces = 0;
  for (unsigned axes : marks) {
    pieces += axes == 0 ? 0 : std::exp2(std::popcount(axes));
  }
  return pieces * static_cast<double>(kronrod(d).size() + gauss(d).size());
}

bool BoxSum::fits(const Marks& marks, double most) const {
  return nodes_.evaluations() + energies_of(marks) <= most;
}

std::vector<Index> BoxSum::cut_marked(const Marks& marks) {
  std::vector<Index> fresh;
  for (std::size_t b = 0; b < marks.size(); ++b) {
    if (marks[b] != 0) {
      boxes_.cut_all(static_cast<Index>(b), marks[b], fresh);
    }
  }
  return fresh;
}

void BoxSum::evaluate(const std::vector<Index>& fresh) {
  visit(fresh, gauss(chart_.dimensions()),
        [](Box& box, const PerChain& logs, const PerChain&, const Block<double>&) {
          probe_box(box, logs);
        });
  visit(those_that_matter(fresh), kronrod(chart_.dimensions()),
        [this](Box& box, const PerChain& logs, const PerChain& energies, const Block<double>& y) {
          sum_box(box, logs);
          note_faces(box, logs);
          box.noise = noise_of(box, setup_.beta, energies, y);
          if (nodes_.has_param_grad()) {
            box.logs = logs;
          }
        });
}

/// sum(box, log integrand, energies, y) for each of the boxes, at the nodes of a rule.
template <class Rule, class Sum>
void BoxSum::visit(const std::vector<Index>& which, const Rule& rule, const Sum& sum) {
  const Index size = rule.size();
  const auto n = static_cast<Index>(which.size());
  nodes_.in_pieces(n, boxes_a_piece(size), [&](NodeEnergies& energies, Index begin, Index end) {
    const std::span<const Index> piece(which.data() + begin, static_cast<std::size_t>(end - begin));
    const BoxNodes placed = place_nodes(chart_, rule, boxes_, piece);
    const std::vector<double> found = energies_at(energies, placed.y);
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const Index first = static_cast<Index>(i) * size;
      const PerChain of_box = Eigen::Map<const PerChain>(found.data() + first, size);
      const PerChain logs =
          placed.log_slope.segment(first, size) -
          of_box.unaryExpr([this](double energy) { return beta_times(setup_.beta, energy); });
      sum(boxes_[piece[i]], logs, of_box, placed.y.middleRows(first, size));
    }
  });
}

/// Of boxes that were probed, those that are not negligible beside the largest of all. Halves of a
/// box that is not, are not: a thin ridge may pass between Gauss's nodes.
std::vector<Index> BoxSum::those_that_matter(const std::vector<Index>& fresh) const {
  const auto log_mass = [](const Box& box) {
    return box.integral > 0 ? box.top + std::log(box.integral) : -infinity;
  };
  double largest = -infinity;
  for (Index leaf : boxes_.leaves()) {
    largest = std::max(largest, log_mass(boxes_[leaf]));
  }
  const double least = largest + std::log(negligible_share * setup_.tolerance);
  std::vector<Index> matter;
  std::copy_if(fresh.begin(), fresh.end(), std::back_inserter(matter), [&](Index number) {
    const Box& box = boxes_[number];
    return box.matters || log_mass(box) > least;
  });
  return matter;
}

void BoxSum::add_up() {
  leaves_ = boxes_.leaves();
  reference_ = -infinity;
  for (Index leaf : leaves_) {
    reference_ = std::max(reference_, boxes_[leaf].top);
  }
  total_ = error_ = 0;
  for (Index leaf : leaves_) {
    const Box& box = boxes_[leaf];
    if (box.top > -infinity) {
      total_ += weight(box) * box.integral;
      error_ += weight(box) * (box.errors.sum() + box.noise);
    }
  }
}

/// The fewest boxes without which the errors add up to half the tolerance.
void BoxSum::mark_errors(Marks& marks) const {
  std::vector<std::pair<double, Index>> errors;
  for (Index leaf : leaves_) {
    const Box& box = boxes_[leaf];
    if (box.integral > 0) {
      errors.emplace_back(weight(box) * box.errors.sum(), leaf);
    }
  }
  std::sort(errors.begin(), errors.end());
  double sum = 0;
  for (const auto& [error, leaf] : errors) {
    sum += error;
    const Box& box = boxes_[leaf];
    if (sum <= setup_.tolerance * total_ / 2 || box.errors.sum() <= box.noise) {
      continue;
    }
    for (Index j = 0; j < box.errors.size(); ++j) {
      if (box.errors[j] >= box.errors.maxCoeff() / 8 && BoxTree::can_cut(box, j)) {
        marks[static_cast<std::size_t>(leaf)] |= 1U << j;
      }
    }
  }
}

void BoxSum::mark_unseen_modes(Marks& marks) const {
  for (const Mode& mode : setup_.modes) {
    const Index leaf = boxes_.locate(mode.place);
    const Box& box = boxes_[leaf];
    if (mode.value > reference_ - negligible && box.top < mode.value - 2) {
      Index axis = 0;
      ((box.upper - box.lower) / mode.width).maxCoeff(&axis);
      marks[static_cast<std::size_t>(leaf)] |= BoxTree::can_cut(box, axis) ? 1U << axis : 0;
    }
  }
}

void BoxSum::mark_wide_neighbours(Marks& marks) const {
  const double matters = std::log(setup_.tolerance / 1000 * total_);
  for (Index leaf : leaves_) {
    const Box& box = boxes_[leaf];
    const auto faces = static_cast<std::size_t>(2 * chart_.dimensions());
    for (std::size_t face = 0; face < faces; ++face) {
      if (box.faces[face].value - reference_ + std::log(box.volume()) > matters) {
        mark_neighbour(box, face, marks);
      }
    }
  }
}

void BoxSum::mark_neighbour(const Box& box, std::size_t face, Marks& marks) const {
  constexpr double most_ratio = 4.001;  // 4, and rounding
  const Index other = boxes_.neighbour(box, face);
  if (other < 0) {
    return;
  }
  const Box& beyond = boxes_[other];
  const Point ratio = (beyond.upper - beyond.lower) / (box.upper - box.lower);
  for (Index j = 0; j < ratio.size(); ++j) {
    marks[static_cast<std::size_t>(other)] |= ratio[j] > most_ratio ? 1U << j : 0;
  }
}

/// A wall near a face is seen by none of the nodes on its other side, nor where exactly it stands
/// by those on this: what lies between the first nodes on both sides of the face is part of the
/// error, until it is below a fair share of the tolerance.
void BoxSum::mark_blind_neighbours(Marks& marks) {
  const double to_gauss = (1 + gauss(2).nodes.front()) / 2;
  const double to_kronrod = (1 + kronrod(2).nodes.front()) / 2;
  const double share = setup_.tolerance * total_ / 4 / static_cast<double>(leaves_.size());
  for (Index leaf : leaves_) {
    const Box& box = boxes_[leaf];
    for (std::size_t face = 0; face < box.faces.size(); ++face) {
      const double value = box.faces[face].value;
      const Index other = value > -infinity ? boxes_.neighbour(box, face) : -1;
      if (other < 0 || boxes_[other].top > value - 2) {
        continue;
      }
      const auto axis = static_cast<Index>(face / 2);
      const Box& beyond = boxes_[other];
      const double mass = std::exp(value - reference_) * box.volume();
      const double ratio =
          (beyond.upper[axis] - beyond.lower[axis]) / (box.upper[axis] - box.lower[axis]);
      const std::array<std::pair<Index, double>, 2> hidden{
          {{leaf, mass * to_kronrod}, {other, mass * ratio * to_gauss}}};
      for (const auto& [number, error] : hidden) {
        error_ += error;
        if (error > share && BoxTree::can_cut(boxes_[number], axis)) {
          marks[static_cast<std::size_t>(number)] |= 1U << axis;
        }
      }
    }
  }
}

/// Whether a ridge that is not resolved leads to a box that does not see it: how much lies farther
/// on is not known. A wall ends it, and so where it is +inf beyond, all is known.
bool BoxSum::has_open_end() const {
  const double matters = std::log(error_ / 1000);
  return std::any_of(leaves_.begin(), leaves_.end(), [&](Index leaf) {
    const Box& box = boxes_[leaf];
    const bool is_resolved = box.errors.sum() <= box.integral / 100;
    for (std::size_t face = 0; !is_resolved && face < box.faces.size(); ++face) {
      const double value = box.faces[face].value;
      const bool counts = value - reference_ + std::log(box.volume()) > matters;
      const Index other = counts ? boxes_.neighbour(box, face) : -1;
      const double seen = other < 0 ? value : boxes_[other].top;
      if (seen > -infinity && seen < value - 2) {
        return true;
      }
    }
    return false;
  });
}

Eigen::VectorXd BoxSum::mean_param_grad() {
  const ProductRule& rule = kronrod(chart_.dimensions());
  std::vector<Index> heavy;
  std::copy_if(leaves_.begin(), leaves_.end(), std::back_inserter(heavy),
               [this](Index leaf) { return boxes_[leaf].logs.size() > 0; });
  const auto n = static_cast<Index>(heavy.size());
  // what is left out is below a thousandth of the tolerance, all together
  const double least = setup_.tolerance / 1000 / static_cast<double>(n * rule.size());
  const Index piece_size = boxes_a_piece(rule.size());
  std::vector<Eigen::VectorXd> sums(static_cast<std::size_t>((n + piece_size - 1) / piece_size));
  nodes_.in_pieces(n, piece_size, [&](NodeEnergies& energies, Index begin, Index end) {
    const std::span<const Index> piece(heavy.data() + begin, static_cast<std::size_t>(end - begin));
    const Block<double> y = place_nodes(chart_, rule, boxes_, piece).y;
    std::vector<Index> rows;
    std::vector<double> weights;
    PerChain terms;
    for (Index i = 0; i < y.rows(); ++i) {
      const Box& box = boxes_[piece[static_cast<std::size_t>(i / rule.size())]];
      if (i % rule.size() == 0) {
        terms = terms_of(box, rule, box.logs) * (weight(box) / total_);
      }
      if (terms[i % rule.size()] > least) {
        rows.push_back(i);
        weights.push_back(terms[i % rule.size()]);
      }
    }
    const Block<double> kept = y(rows, Eigen::all);
    sums[static_cast<std::size_t>(begin / piece_size)] =
        energies.param_grad(std::span(kept.data(), static_cast<std::size_t>(kept.size())), weights);
  });
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(sums[0].size());
  for (const Eigen::VectorXd& sum : sums) {
    mean += sum;
  }
  return mean;
}

}  // namespace negphase
