#include "support/model_checks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "negphase/core/log_sum_exp.hpp"

namespace negphase::testing {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double difference_step = 1.0 / 64;

/// Keeps the largest; NaN counts as infinity.
void keep_worst(double& worst, double error) {
  worst = error <= worst ? worst : (std::isnan(error) ? infinity : error);
}

template <class Scalar>
PerChain energies_of(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y) {
  PerChain out(y.rows());
  energy.energy(y, out);
  return out;
}

/// Richardson's derivative at 0 of a function to PerChain, of order 6.
template <class Function>
PerChain derivative(const Function& f) {
  const auto quotient = [&](double h) -> PerChain { return (f(h) - f(-h)) / (2 * h); };
  const PerChain coarse = quotient(difference_step), middle = quotient(difference_step / 2),
                 fine = quotient(difference_step / 4);
  return (64 * fine - 20 * middle + coarse) / 45;
}

Eigen::VectorXd param_grad_of(const AnyEnergy<double>& energy, const Block<double>& y, Index c) {
  Eigen::VectorXd grad = Eigen::VectorXd::Zero(energy.num_params());
  energy.add_param_grad(y, {c, 1}, PerChain::Ones(y.rows()), grad);
  return grad;
}

/// State k of a finite column, else a value k + 1 quarters above `value`.
template <class Scalar>
Scalar other_value(const Column& column, Scalar value, Index k) {
  return column.num_states > 0 ? static_cast<Scalar>(state_code(column, k % column.num_states))
                               : value + static_cast<Scalar>(k + 1) / 4;
}

/// Calls visit() with `y` set to each joint state of `columns`.
template <class Visit>
void for_each_state(const AnyEnergy<double>& energy, std::span<const Index> columns,
                    Block<double>& y, const Visit& visit) {
  if (columns.empty()) {
    visit();
    return;
  }
  const Column& column = energy.columns()[static_cast<std::size_t>(columns[0])];
  for (Index k = 0; k < column.num_states; ++k) {
    y.col(columns[0]) = state_code(column, k);
    for_each_state(energy, columns.subspan(1), y, visit);
  }
}

/// F (M1) and E[dE/dW] of each chain by a sum over all states of some columns.
struct SummedByHand {
  PerChain free_energy;
  Eigen::MatrixXd param_grad;  ///< [P x chains]
};

SummedByHand sum_by_hand(const AnyEnergy<double>& energy, std::span<const Index> columns,
                         double beta, Block<double> y) {
  std::vector<std::vector<double>> exponents(static_cast<std::size_t>(y.rows()));
  for_each_state(energy, columns, y, [&] {
    const PerChain e = energies_of(energy, y);
    for (Index c = 0; c < y.rows(); ++c) {
      exponents[static_cast<std::size_t>(c)].push_back(-beta * e[c]);
    }
  });
  SummedByHand sum{PerChain(y.rows()), Eigen::MatrixXd::Zero(energy.num_params(), y.rows())};
  for (Index c = 0; c < y.rows(); ++c) {
    sum.free_energy[c] = -log_sum_exp(exponents[static_cast<std::size_t>(c)]) / beta;
  }
  std::size_t state = 0;
  for_each_state(energy, columns, y, [&] {
    for (Index c = 0; c < y.rows(); ++c) {
      const double weight =
          std::exp(exponents[static_cast<std::size_t>(c)][state] + beta * sum.free_energy[c]);
      sum.param_grad.col(c) += weight * param_grad_of(energy, y, c);
    }
    ++state;
  });
  return sum;
}

/// The columns of an energy that are not among `columns`.
std::vector<Index> other_columns(const AnyEnergy<double>& energy, std::span<const Index> columns) {
  std::vector<Index> others;
  for (Index j = 0; j < static_cast<Index>(energy.columns().size()); ++j) {
    if (std::find(columns.begin(), columns.end(), j) == columns.end()) {
      others.push_back(j);
    }
  }
  return others;
}

}  // namespace

Block<double> legal_block(std::span<const Column> columns, Index chains, std::uint64_t seed) {
  std::mt19937_64 words(seed);
  Block<double> y(chains, static_cast<Index>(columns.size()));
  for (Index j = 0; j < y.cols(); ++j) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    for (Index c = 0; c < chains; ++c) {
      const std::uint64_t word = words() >> 16;
      if (column.kind == ColumnKind::real) {
        y(c, j) = static_cast<double>(word % 4097) / 1024 - 2;
      } else {
        const Index states = column.num_states > 0 ? column.num_states : 10;
        y(c, j) = state_code(column, static_cast<Index>(word % static_cast<std::uint64_t>(states)));
      }
    }
  }
  return y;
}

std::vector<Index> cycled_rows(Index chains, Index rows) {
  std::vector<Index> row_of_chain;
  for (Index c = 0; c < chains; ++c) {
    row_of_chain.push_back(rows > 0 ? c % rows : 0);
  }
  return row_of_chain;
}

std::vector<Index> first_columns(Index n) {
  std::vector<Index> columns(static_cast<std::size_t>(n));
  std::iota(columns.begin(), columns.end(), Index{0});
  return columns;
}

double gradient_error(const AnyEnergy<double>& energy, const Block<double>& y) {
  const PerChain at_y = energies_of(energy, y);
  PerChain out(y.rows());
  Block<double> grad(y.rows(), y.cols());
  energy.energy_and_grad(y, out, grad);
  double worst = ((out - at_y).abs() <= 1e-14 * (1 + at_y.abs())).all() ? 0 : infinity;
  for (Index j = 0; j < y.cols(); ++j) {
    if (energy.columns()[static_cast<std::size_t>(j)].kind != ColumnKind::real) {
      keep_worst(worst, grad.col(j).abs().maxCoeff());
      continue;
    }
    const PerChain slope = derivative([&](double h) {
      Block<double> moved = y;
      moved.col(j) += h;
      return energies_of(energy, moved);
    });
    keep_worst(worst, ((slope - grad.col(j)).abs() / (1 + at_y.abs())).maxCoeff());
  }
  return worst;
}

double param_gradient_error(const AnyModel& model, const Eigen::MatrixXd& x,
                            const Block<double>& y) {
  const std::vector<Index> rows = cycled_rows(y.rows(), x.rows());
  const AnyEnergy<double> energy = model.bind_double(model.prepare(x), rows);
  const PerChain at_y = energies_of(energy, y);
  Eigen::MatrixXd grads(model.params().size(), y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    grads.col(c) = param_grad_of(energy, y, c);
  }
  double worst = 0;
  for (Index p = 0; p < model.params().size(); ++p) {
    const PerChain slope = derivative([&](double h) {
      Params w = model.params();
      w[p] += h;
      const AnyModel moved = model.with_params(w);
      return energies_of(moved.bind_double(moved.prepare(x), rows), y);
    });
    const PerChain grad = grads.row(p).transpose().array();
    keep_worst(worst, ((slope - grad).abs() / (1 + at_y.abs())).maxCoeff());
  }
  return worst;
}

template <class Scalar>
double param_grad_sum_error(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y) {
  const Column weight_column = real_column();
  const PerChain weights = legal_block(std::span(&weight_column, 1), y.rows(), 77).col(0);
  const std::vector<ChainRange> ranges{
      {0, y.rows()}, {0, 1}, {y.rows() / 3, y.rows() / 2}, {y.rows() - 1, 1}, {2, 0}};
  double worst = 0;
  for (const ChainRange& range : ranges) {
    // sums that are not zero to begin with must be added to
    Eigen::VectorXd sum = Eigen::VectorXd::Ones(energy.num_params());
    Eigen::VectorXd by_chain = sum, magnitude = sum;
    energy.add_param_grad(y, range, weights, sum);
    for (Index c = range.begin; c < range.end(); ++c) {
      Eigen::VectorXd one = Eigen::VectorXd::Zero(energy.num_params());
      energy.add_param_grad(y, {c, 1}, PerChain::Ones(y.rows()), one);
      by_chain += weights[c] * one;
      magnitude += std::abs(weights[c]) * one.cwiseAbs();
    }
    keep_worst(worst, ((sum - by_chain).array().abs() / magnitude.array()).maxCoeff());
  }
  return worst;
}

template <class Scalar>
double energy_change_error(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y) {
  const PerChain before = energies_of(energy, y);
  PerChain change(y.rows());
  double worst = 0;
  const auto compare = [&](const Block<Scalar>& moved) {
    const PerChain after = energies_of(energy, moved);
    keep_worst(worst,
               ((after - before - change).abs() / (1 + before.abs() + after.abs())).maxCoeff());
  };
  const auto columns = static_cast<Index>(energy.columns().size());
  for (Index site = 0; site < columns; ++site) {
    const Column& column = energy.columns()[static_cast<std::size_t>(site)];
    const Index states = column.num_states > 0 ? column.num_states : 2;
    for (Index k = 0; k < states; ++k) {
      const Lane<Scalar> values =
          y.col(site).unaryExpr([&](Scalar v) { return other_value(column, v, k); });
      Block<Scalar> moved = y;
      if (energy.can(Ability::energy_change)) {
        moved.col(site) = values;
        energy.energy_change(y, site, values, change);
        compare(moved);
      }
      if (energy.can(Ability::energy_change_by_site)) {
        moved = y;
        Sites sites(y.rows());
        Lane<Scalar> by_chain(y.rows());
        for (Index c = 0; c < y.rows(); ++c) {
          sites[c] = (site + c) % columns;
          by_chain[c] =
              other_value(energy.columns()[static_cast<std::size_t>(sites[c])], y(c, sites[c]), k);
          moved(c, sites[c]) = by_chain[c];
        }
        energy.energy_change(y, sites, by_chain, change);
        compare(moved);
      }
    }
  }
  return worst;
}

template <class Scalar>
double conditional_error(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y,
                         const std::vector<std::vector<Index>>& groups) {
  double worst = 0;
  for (const std::vector<Index>& group : groups) {
    Block<Scalar> delta;
    energy.conditional(y, group, delta);
    Index at = 0;
    for (Index j : group) {
      const Column& column = energy.columns()[static_cast<std::size_t>(j)];
      Block<Scalar> moved = y;
      moved.col(j) = static_cast<Scalar>(state_code(column, 0));
      const PerChain first = energies_of(energy, moved);
      for (Index k = 1; k < column.num_states; ++k) {
        moved.col(j) = static_cast<Scalar>(state_code(column, k));
        const PerChain expected = energies_of(energy, moved) - first;
        const PerChain got = delta.col(at++).template cast<double>();
        keep_worst(worst, ((got - expected).abs() / (1 + first.abs())).maxCoeff());
      }
    }
    if (at != delta.cols()) {
      return infinity;
    }
  }
  return worst;
}

double summed_out_error(const AnyEnergy<double>& energy, std::span<const Index> columns,
                        double beta, const Block<double>& kept) {
  const AnyEnergy<double> summed = energy.summed_out(columns, beta);
  const std::vector<Index> others = other_columns(energy, columns);
  Block<double> y = Block<double>::Zero(kept.rows(), static_cast<Index>(energy.columns().size()));
  for (std::size_t j = 0; j < others.size(); ++j) {
    y.col(others[j]) = kept.col(static_cast<Index>(j));
  }
  const SummedByHand expected = sum_by_hand(energy, columns, beta, y);
  const PerChain scale = 1 + expected.free_energy.abs();
  double worst = 0;
  keep_worst(worst, ((energies_of(summed, kept) - expected.free_energy).abs() / scale).maxCoeff());
  for (Index c = 0; c < kept.rows(); ++c) {
    const Eigen::VectorXd grad = param_grad_of(summed, kept, c);
    keep_worst(worst, (grad - expected.param_grad.col(c)).cwiseAbs().maxCoeff() / scale[c]);
  }
  keep_worst(worst, energy_change_error(summed, kept));
  return worst;
}

double pairwise_view_error(const AnyEnergy<double>& energy, const Block<double>& y) {
  const PairwiseView view = energy.pairwise();
  Block<double> zero(y.rows(), y.cols());
  for (Index j = 0; j < y.cols(); ++j) {
    zero.col(j) = state_code(energy.columns()[static_cast<std::size_t>(j)], 0);
  }
  // what the view says of the energy and of dE/dW at `at`
  const auto by_view = [&](const Block<double>& at, Eigen::MatrixXd& grad) {
    PerChain e = -(view.linear * at).rowwise().sum();
    grad.setZero(energy.num_params(), at.rows());
    const auto add = [&](Index param, const Eigen::ArrayXd& product) {
      if (param >= 0) {
        grad.row(param) -= product.matrix().transpose();
      }
    };
    for (const auto& [i, j, weight, param] : view.couplings) {
      const Eigen::ArrayXd product = at.col(i) * at.col(j);
      e -= weight * product;
      add(param, product);
    }
    for (Index j = 0; j < at.cols(); ++j) {
      add(view.linear_param[static_cast<std::size_t>(j)], at.col(j));
    }
    return e;
  };
  Eigen::MatrixXd grad, grad_zero;
  const PerChain got = by_view(y, grad) - by_view(zero, grad_zero);
  const PerChain here = energies_of(energy, y), there = energies_of(energy, zero);
  const PerChain scale = 1 + here.abs() + there.abs();
  double worst = ((got - (here - there)).abs() / scale).maxCoeff();
  for (Index c = 0; c < y.rows(); ++c) {
    const Eigen::VectorXd expected = param_grad_of(energy, y, c) - param_grad_of(energy, zero, c);
    keep_worst(worst, (grad.col(c) - grad_zero.col(c) - expected).cwiseAbs().maxCoeff());
  }
  for (const PairwiseView::Coupling& c : view.couplings) {
    worst = c.first < c.second ? worst : infinity;
  }
  return worst;
}

double single_chain_error(const AnyModel& model, const Eigen::MatrixXd& x, const Block<double>& y) {
  const AnyPrepared prepared = model.prepare(x);
  const std::vector<Index> rows = cycled_rows(y.rows(), x.rows());
  const PerChain block = energies_of(model.bind_double(prepared, rows), y);
  double worst = 0;
  for (Index c = 0; c < y.rows(); ++c) {
    const AnyEnergy<double> alone =
        model.bind_double(prepared, std::span(rows).subspan(static_cast<std::size_t>(c), 1));
    const double e = energies_of(alone, Block<double>(y.row(c)))[0];
    keep_worst(worst, std::abs(e - block[c]) / (1 + std::abs(block[c])));
  }
  return worst;
}

double float_error_in_bounds(const AnyModel& model, const Eigen::MatrixXd& x,
                             const Block<double>& y) {
  const AnyPrepared prepared = model.prepare(x);
  const std::vector<Index> rows = cycled_rows(y.rows(), x.rows());
  const AnyEnergy<double> in_double = model.bind_double(prepared, rows);
  const PerChain exact = energies_of(in_double, y);
  const PerChain rounded =
      energies_of(model.bind_float(prepared, rows), Block<float>(y.cast<float>()));
  const double relative = static_cast<double>(model.params().size() + 2) * 0x1p-23;
  double worst = 0;
  for (Index c = 0; c < y.rows(); ++c) {
    const Eigen::VectorXd terms = model.params().cwiseProduct(param_grad_of(in_double, y, c));
    const double bound = relative * terms.lpNorm<1>();
    const double error = std::abs(rounded[c] - exact[c]);
    keep_worst(worst, error == 0 ? 0 : error / bound);
  }
  return worst;
}

double float_error(const AnyModel& model, const Eigen::MatrixXd& x, const Block<double>& y) {
  const AnyPrepared prepared = model.prepare(x);
  const std::vector<Index> rows = cycled_rows(y.rows(), x.rows());
  const PerChain exact = energies_of(model.bind_double(prepared, rows), y);
  const PerChain rounded =
      energies_of(model.bind_float(prepared, rows), Block<float>(y.cast<float>()));
  double worst = 0;
  for (Index c = 0; c < y.rows(); ++c) {
    keep_worst(worst, std::abs(rounded[c] - exact[c]) / (1 + std::abs(exact[c])));
  }
  return worst;
}

template double param_grad_sum_error(const AnyEnergy<float>&, const Block<float>&);
template double param_grad_sum_error(const AnyEnergy<double>&, const Block<double>&);
template double energy_change_error(const AnyEnergy<float>&, const Block<float>&);
template double energy_change_error(const AnyEnergy<double>&, const Block<double>&);
template double conditional_error(const AnyEnergy<float>&, const Block<float>&,
                                  const std::vector<std::vector<Index>>&);
template double conditional_error(const AnyEnergy<double>&, const Block<double>&,
                                  const std::vector<std::vector<Index>>&);

}  // namespace negphase::testing
