#pragma once
#include <span>
#include <string>

#include "negphase/core/energy.hpp"
#include "negphase/core/error.hpp"

namespace negphase {

/// Changes and conditionals of an energy that has nothing better for them than to be evaluated
/// anew, with their work space. `e` is any Energy; all shapes are those of core/energy.hpp.
/// Rounding: that of two energies, so a change that is small beside E loses digits.
template <class Scalar>
class ByEvaluation {
 public:
  /// Cost: two energies.
  template <class E>
  void energy_change(const E& e, const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) {
    moved_ = y;
    moved_.col(site) = values;
    subtract(e, y, out);
  }
  template <class E>
  void energy_change(const E& e, const Block<Scalar>& y, const Sites& sites,
                     const Lane<Scalar>& values, PerChain& out) {
    moved_ = y;
    for (Index c = 0; c < y.rows(); ++c) {
      moved_(c, sites[c]) = values[c];
    }
    subtract(e, y, out);
  }
  /// Of one column of finitely many states (UsageError otherwise): nothing is known of the
  /// independence of several. Cost: an energy a state.
  template <class E>
  void conditional(const E& e, const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) {
    if (columns.size() != 1 || column_of(e, columns[0]).num_states < 1) {
      throw UsageError("conditional(): this energy takes one column of finitely many states, got " +
                       std::to_string(columns.size()) + " columns");
    }
    const Column& column = column_of(e, columns[0]);
    moved_ = y;
    delta.resize(y.rows(), column.num_states - 1);
    for (Index k = 0; k < column.num_states; ++k) {
      moved_.col(columns[0]) = static_cast<Scalar>(state_code(column, k));
      PerChain& energies = k == 0 ? first_ : other_;
      energies.resize(y.rows());
      e.energy(moved_, energies);
      if (k > 0) {
        delta.col(k - 1) = (other_ - first_).template cast<Scalar>();
      }
    }
  }

 private:
  template <class E>
  static const Column& column_of(const E& e, Index j) {
    return std::span<const Column>(e.columns())[static_cast<std::size_t>(j)];
  }
  template <class E>
  void subtract(const E& e, const Block<Scalar>& y, PerChain& out) {
    first_.resize(y.rows());
    out.resize(y.rows());
    e.energy(y, first_);
    e.energy(moved_, out);
    out -= first_;
  }

  Block<Scalar> moved_;
  PerChain first_, other_;
};

}  // namespace negphase
