#pragma once
#include <concepts>
#include <ranges>
#include <span>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// What a column of a block may hold. One column a site; its code is stored as the block's scalar.
enum class ColumnKind {
  real,      ///< any number
  spin,      ///< -1 or +1
  bit,       ///< 0 or 1
  category,  ///< 0 .. num_states - 1, unordered: a gradient is undefined
  ordinal,   ///< 0 .. num_states - 1, ordered
  count,     ///< 0, 1, 2, ...
};

struct Column {
  ColumnKind kind = ColumnKind::real;
  Index num_states = 0;  ///< of a discrete column with finitely many; else 0
  bool operator==(const Column&) const = default;
};

inline Column real_column() { return {ColumnKind::real, 0}; }
inline Column spin_column() { return {ColumnKind::spin, 2}; }
inline Column bit_column() { return {ColumnKind::bit, 2}; }

/// The code that stands for state k of a finite column: -1/+1 for spins, else k itself.
inline double state_code(const Column& c, Index k) {
  return c.kind == ColumnKind::spin ? static_cast<double>(2 * k - 1) : static_cast<double>(k);
}
/// The number of the state whose code is `code` (inverse of state_code).
inline Index state_index(const Column& c, double code) {
  return static_cast<Index>(c.kind == ColumnKind::spin ? (code + 1) / 2 : code);
}

/// The energy of one block's free columns (M1-M2): y first, then z. An Energy returns E, never
/// beta E. It has no randomness and is used by one thread at a time, so it may keep mutable
/// scratch; after the first call with a given number of chains it must not allocate.
/// Outputs come sized from the caller, never alias y, and every entry is overwritten; `sum` of
/// add_param_grad is added to.
///   columns()               kinds of the free columns
///   energy(y, out)          y [chains x columns] -> E [chains]; +inf = probability zero
template <class E>
concept Energy = requires(const E& e, const Block<typename E::Scalar>& y, PerChain& out) {
  { e.columns() } -> std::convertible_to<std::span<const Column>>;
  requires std::ranges::borrowed_range<decltype(e.columns())>;  // a vector by value would dangle
  e.energy(y, out);
};

/// energy_and_grad(y, out [chains], grad [chains x columns]): E and dE/dy in one pass.
template <class E>
concept HasGradient = Energy<E> && requires(const E& e, const Block<typename E::Scalar>& y,
                                            PerChain& out, Block<typename E::Scalar>& grad) {
  e.energy_and_grad(y, out, grad);
};

/// energy_change(y, site, values [chains], out [chains]): E(y with column `site` set to values)
/// - E(y); one site for all chains: sweeps.
template <class E>
concept HasEnergyChange = Energy<E> &&
    requires(const E& e, const Block<typename E::Scalar>& y, Index site,
             const Lane<typename E::Scalar>& values, PerChain& out) {
  e.energy_change(y, site, values, out);
};

/// energy_change(y, sites [chains], values [chains], out [chains]): another site for each chain.
template <class E>
concept HasEnergyChangeBySite = Energy<E> &&
    requires(const E& e, const Block<typename E::Scalar>& y, const Sites& sites,
             const Lane<typename E::Scalar>& values, PerChain& out) {
  e.energy_change(y, sites, values, out);
};

/// conditional(y, columns, delta): for columns that are independent of each other given all others,
/// the energies of their states relative to the first one, E(state k) - E(state 0), k = 1 .. K-1:
/// delta [chains x sum(K_j - 1)], in the order of `columns`. Then (M13)
///   P(column j = state k | rest) = exp(-beta delta_k) / (1 + sum_k' exp(-beta delta_k')),
/// for spins and bits alike. Values of the columns themselves do not enter.
template <class E>
concept HasConditional = Energy<E> &&
    requires(const E& e, const Block<typename E::Scalar>& y, std::span<const Index> columns,
             Block<typename E::Scalar>& delta) {
  e.conditional(y, columns, delta);
};

/// add_param_grad(y, range, weights [chains], sum [P]): sum += sum_{c in range} weights[c]
/// dE/dW(y_c), in double. num_params() = P.
template <class E>
concept HasParamGrad = Energy<E> &&
    requires(const E& e, const Block<typename E::Scalar>& y, ChainRange range,
             const PerChain& weights, Eigen::VectorXd& sum) {
  { e.num_params() } -> std::convertible_to<Index>;
  e.add_param_grad(y, range, weights, sum);
};

/// can_sum_out(columns) and summed_out(columns, beta): an Energy over the other columns whose value
/// is the free energy F (M1) at that beta and whose add_param_grad is E[dE/dW | other columns].
/// With the columns of z this is the marginal over y; an exact method may ask for another layer.
template <class E>
concept HasSummedOut = Energy<E> &&
    requires(const E& e, std::span<const Index> columns, double beta) {
  { e.can_sum_out(columns) } -> std::convertible_to<bool>;
  { e.summed_out(columns, beta) } -> Energy;
};

// ---- structure views: what exact methods and fast kernels ask for, never a model's name

/// Groups of columns such that those of one group are independent of each other given all others.
/// Every column stands in exactly one group. The order is that of a Gibbs step: layers of z first,
/// so that a chain started at a datum draws z given y before it moves y (an RBM: hidden, visible;
/// M9).
struct LayerView {
  std::vector<std::vector<Index>> layers;
};

/// E = y' P y / 2 - b_c' y + const: P [d x d] symmetric positive definite, b [chains x d].
struct GaussianView {
  Eigen::MatrixXd precision;
  Block<double> linear;
};

/// E = const_c - sum_{(i, j)} J_ij s_i s_j - sum_i b_ci s_i over binary columns (spins or bits),
/// each pair at most once: J the same for all chains, b one value a chain. Where dE/dJ_ij = -s_i
/// s_j and dE/db_i = -s_i are derivatives by single parameters, their numbers stand beside them.
struct PairwiseView {
  struct Coupling {
    Index first, second;  ///< columns, first < second
    double weight;        ///< J
    Index param = -1;     ///< number of J in W; -1: none
  };
  std::vector<Coupling> couplings;
  Block<double> linear;             ///< b [chains x columns]
  std::vector<Index> linear_param;  ///< number of b_i in W, one a column; -1: none
};

template <class E>
concept HasLayers = requires(const E& e) {
  { e.layers() } -> std::convertible_to<LayerView>;
};
template <class E>
concept HasGaussian = requires(const E& e) {
  { e.gaussian() } -> std::convertible_to<GaussianView>;
};

template <class E>
concept HasPairwise = requires(const E& e) {
  { e.pairwise() } -> std::convertible_to<PairwiseView>;
};

}  // namespace negphase
