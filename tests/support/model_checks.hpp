#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/model.hpp"

/// Checks that every energy and every model must pass. Each returns its worst error, so that wrong
/// energies can be handed in as well and a test can say how far off they are.
namespace negphase::testing {

/// Legal states of `columns`, a pure function of `seed`; reals are multiples of 2^-10 within
/// [-2, 2], so that float and double see the same points. `[chains x columns]`
Block<double> legal_block(std::span<const Column> columns, Index chains, std::uint64_t seed);
/// Chain c sees row c mod rows of x.
std::vector<Index> cycled_rows(Index chains, Index rows);
/// All columns 0 .. n-1.
std::vector<Index> first_columns(Index n);

/// |energy_and_grad - difference quotient| / (1 + |E|), worst over chains and columns; and infinity
/// where its energy is not that of energy(). The quotient is Richardson's
/// (64 D(h/4) - 20 D(h/2) + D(h)) / 45 of central differences D, h = 2^-6: truncation
/// h^6 |f^(7)| / 322560 = 5e-17 |f^(7)|, zero up to degree 6; rounding 6 eps |E| / h = 9e-14 |E|.
/// Columns that are not real have no gradient: there it must be 0.
double gradient_error(const AnyEnergy<double>& energy, const Block<double>& y);

/// The same of dE/dW, by with_params(W +- h e_p). y holds the free columns.
double param_gradient_error(const AnyModel& model, const Eigen::MatrixXd& x,
                            const Block<double>& y);

/// add_param_grad over ranges of the block against a sum of single chains, relative to the sum of
/// magnitudes. Rounding: chains * eps.
template <class Scalar>
double param_grad_sum_error(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y);

/// Both forms of energy_change (those that there are) against two energies, all states of finite
/// columns and two values of others, relative to 1 + |E| + |E'|.
template <class Scalar>
double energy_change_error(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y);

/// conditional() of each group of columns against the energies of all states of each column, and of
/// the whole group at once against that of its columns alone; relative to 1 + |E|.
template <class Scalar>
double conditional_error(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y,
                         const std::vector<std::vector<Index>>& groups);

/// summed_out(columns, beta): its energy, energy changes and dE/dW at `kept` (states of the other
/// columns) against sums over all states of `columns`; relative to 1 + |F|.
double summed_out_error(const AnyEnergy<double>& energy, std::span<const Index> columns,
                        double beta, const Block<double>& kept);

/// Energies and dE/dW by the pairwise() view against the energy's own, both relative to those of a
/// chain with all columns in state 0 (the view has no constant), relative to 1 + |E|; infinity
/// where a coupling has its ends in the wrong order.
double pairwise_view_error(const AnyEnergy<double>& energy, const Block<double>& y);

/// Energies of a block against those of its chains alone, relative to 1 + |E|.
double single_chain_error(const AnyModel& model, const Eigen::MatrixXd& x, const Block<double>& y);

/// For an energy linear in W, E = sum_p W_p g_p: |E_float - E_double| over its bound
/// (P + 2) 2^-23 sum_p |W_p g_p| (a rounding of each W_p, of each product, and P of sums, each
/// 2^-24). Must be at most 1.
double float_error_in_bounds(const AnyModel& model, const Eigen::MatrixXd& x,
                             const Block<double>& y);

/// |E_float - E_double|, relative to 1 + |E|; the caller has a bound of the model's own.
double float_error(const AnyModel& model, const Eigen::MatrixXd& x, const Block<double>& y);

/// By which factors an energy lies; 1 is the truth.
struct Lies {
  double energy = 1;
  double gradient = 1;
  double change = 1;
  double change_by_site = 1;
  double conditional = 1;
  double param_grad = 1;
  double summed_out = 1;  ///< beta of summed_out()
};

/// An energy that says of itself what `lies` makes of another one.
template <class Scalar_>
class LyingEnergy {
 public:
  using Scalar = Scalar_;
  LyingEnergy(AnyEnergy<Scalar> inner, const Lies& lies) : inner_(std::move(inner)), lies_(lies) {}

  Abilities abilities() const { return inner_.abilities(); }
  std::span<const Column> columns() const { return inner_.columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    inner_.energy(y, out);
    out *= lies_.energy;
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    inner_.energy_and_grad(y, out, grad);
    out *= lies_.energy;
    grad *= static_cast<Scalar>(lies_.gradient);
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    inner_.energy_change(y, site, values, out);
    out *= lies_.change;
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    inner_.energy_change(y, sites, values, out);
    out *= lies_.change_by_site;
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    inner_.conditional(y, columns, delta);
    delta *= static_cast<Scalar>(lies_.conditional);
  }
  Index num_params() const { return inner_.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    inner_.add_param_grad(y, range, lies_.param_grad * weights, sum);
  }
  bool can_sum_out(std::span<const Index> columns) const { return inner_.can_sum_out(columns); }
  AnyEnergy<Scalar> summed_out(std::span<const Index> columns, double beta) const {
    return inner_.summed_out(columns, lies_.summed_out * beta);
  }
  LayerView layers() const { return inner_.layers(); }
  GaussianView gaussian() const { return inner_.gaussian(); }
  PairwiseView pairwise() const { return inner_.pairwise(); }

 private:
  AnyEnergy<Scalar> inner_;
  Lies lies_;
};

/// A model all of whose energies lie.
class LyingModel {
 public:
  using Prepared = void;
  LyingModel(AnyModel inner, const Lies& lies) : inner_(std::move(inner)), lies_(lies) {}
  ModelShape shape() const { return inner_.shape(); }
  const Params& params() const { return inner_.params(); }
  LyingModel with_params(const std::shared_ptr<const Params>& w) const {
    return {inner_.with_params(*w), lies_};
  }
  std::string param_name(Index i) const { return inner_.param_name(i); }
  AnyPrepared prepare(const Eigen::MatrixXd& x) const { return inner_.prepare(x); }
  template <class Scalar>
  LyingEnergy<Scalar> bind(const AnyPrepared& prepared, std::span<const Index> rows) const {
    return {inner_.bind<Scalar>(prepared, rows), lies_};
  }

 private:
  AnyModel inner_;
  Lies lies_;
};

}  // namespace negphase::testing
