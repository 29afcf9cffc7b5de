#pragma once
#include <cmath>
#include <vector>

#include "negphase/exact/box_tree.hpp"
#include "negphase/exact/chart.hpp"
#include "negphase/exact/node_energies.hpp"

namespace negphase {

/// The integral of exp(-beta E) over the box |t_j| < end of a chart of 2 or 3 dimensions by
/// adaptive cubature: products of Gauss and Kronrod's rule of 7 and 15 points; a box that Gauss's
/// nodes show to be negligible is left at that. Error by axis:
/// Gauss's rule against Kronrod's along each line of nodes, their distances added up, so that
/// nothing cancels. Boxes are cut across the axes that have most of their error until the errors'
/// sum is below `tolerance` of the integral (or rounding, or the budget, does not allow it). Two
/// things are demanded besides, lest nodes pass by what is narrow: the box around a known mode must
/// have seen it; and where the integrand matters at a face, the box beyond it may be at most 4
/// times as wide, along each axis. Where the nodes beyond a face see nothing (a wall), what lies
/// between them and those before it counts as error.
class BoxSum {
 public:
  struct Setup {
    double beta = 1;
    double end = 0;
    double tolerance = 0;
    double most_energies = 0;
    std::vector<Mode> modes;
  };
  BoxSum(RowNodes& nodes, const Chart& chart, Setup setup);

  bool is_settled() const { return is_settled_; }
  /// Nothing that is known to matter lies beside boxes too wide to show it: the error is all that
  /// there is.
  bool is_closed() const { return is_closed_; }
  double log_integral() const { return reference_ + std::log(total_); }
  /// Of the integral: truncation and rounding.
  double relative_error() const { return error_ / total_; }
  /// Boxes that were not cut.
  Index boxes() const { return static_cast<Index>(leaves_.size()); }
  /// E_p[dE/dW] [P]; dE/dW is asked for at nodes of more than negligible weight only.
  Eigen::VectorXd mean_param_grad();

 private:
  /// Bit j set: to be cut across axis j.
  using Marks = std::vector<unsigned>;

  void settle();
  void evaluate(const std::vector<Index>& boxes);
  template <class Rule, class Sum>
  void visit(const std::vector<Index>& which, const Rule& rule, const Sum& sum);
  std::vector<Index> those_that_matter(const std::vector<Index>& fresh) const;
  void add_up();
  void mark_errors(Marks& marks) const;
  void mark_blind_neighbours(Marks& marks);
  void mark_unseen_modes(Marks& marks) const;
  void mark_wide_neighbours(Marks& marks) const;
  void mark_neighbour(const Box& box, std::size_t face, Marks& marks) const;
  bool has_open_end() const;
  double energies_of(const Marks& marks) const;
  bool fits(const Marks& marks, double most) const;
  std::vector<Index> cut_marked(const Marks& marks);
  double weight(const Box& box) const { return std::exp(box.top - reference_); }

  RowNodes& nodes_;
  const Chart& chart_;
  Setup setup_;
  BoxTree boxes_;
  std::vector<Index> leaves_;  // boxes that were not cut, ascending
  double reference_ = 0;       // largest top
  double total_ = 0, error_ = 0;
  bool is_settled_ = false, is_closed_ = false;
};

}  // namespace negphase
