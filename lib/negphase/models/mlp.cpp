#include "negphase/models/mlp.hpp"

#include <fmt/format.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/models/hashed_uniform.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// u becomes phi(u).
template <class Unit, class Scalar>
void activate(Block<Scalar>& u) {
  Scalar* values = u.data();
  for (Index i = 0; i < u.size(); ++i) {
    values[i] = Unit::at(values[i]).value;
  }
}

/// u becomes phi(u), `slope` phi'(u).
template <class Unit, class Scalar>
void activate(Block<Scalar>& u, Block<Scalar>& slope) {
  slope.resize(u.rows(), u.cols());
  Scalar* values = u.data();
  Scalar* slopes = slope.data();
  for (Index i = 0; i < u.size(); ++i) {
    const UnitValue<Scalar> unit = Unit::at(values[i]);
    values[i] = unit.value;
    slopes[i] = unit.slope;
  }
}

template <class... Blocks>
void activate_by(Activation activation, Blocks&... blocks) {
  switch (activation) {
    case Activation::tanh:
      return activate<TanhUnit>(blocks...);
    case Activation::softplus:
      return activate<SoftplusUnit>(blocks...);
    case Activation::silu:
      return activate<SiluUnit>(blocks...);
  }
}

/// out = the rows of `source` that `rows` names.
template <class Rows, class Scalar>
void gather(const Block<double>& source, const Rows& rows, Block<Scalar>& out) {
  out.resize(rows.size(), source.cols());
  for (Index j = 0; j < source.cols(); ++j) {
    out.col(j) = source.col(j)(rows).template cast<Scalar>();
  }
}

MlpWeights<double> unpack(const MlpSpec& spec, const Params& w) {
  MlpWeights<double> all;
  for (Index l = 0; l < spec.layers; ++l) {
    const Eigen::Map<const RowMajor> layer(w.data() + spec.weights_at(l), spec.hidden,
                                           spec.fan_in(l));
    all.weights.emplace_back(l == 0 ? layer.rightCols(spec.num_y) : layer.leftCols(spec.hidden));
    all.biases.emplace_back(w.segment(spec.biases_at(l), spec.hidden).transpose());
  }
  all.output = w.tail(spec.hidden).transpose();
  return all;
}

MlpWeights<float> rounded(const MlpWeights<double>& exact) {
  MlpWeights<float> all;
  for (std::size_t l = 0; l < exact.weights.size(); ++l) {
    all.weights.emplace_back(exact.weights[l].cast<float>());
    all.biases.emplace_back(exact.biases[l].cast<float>());
  }
  all.output = exact.output.cast<float>();
  return all;
}

std::string title(const MlpSpec& spec) {
  return fmt::format("mlp of {} x {} units on {} x and {} y", spec.layers, spec.hidden, spec.num_x,
                     spec.num_y);
}

}  // namespace

// ---- MlpSpec

Index MlpSpec::weights_at(Index l) const {
  return l == 0 ? 0 : hidden * (fan_in(0) + 1) + (l - 1) * hidden * (hidden + 1);
}

void MlpSpec::check_sizes() const {
  if (num_x < 0 || num_y < 1 || hidden < 1 || layers < 1) {
    throw UsageError(
        fmt::format("mlp: {} x, {} y, {} layers of {} units; needs num_x >= 0 and at "
                    "least 1 of the others",
                    num_x, num_y, layers, hidden));
  }
  if (!(confinement > 0) || !std::isfinite(confinement)) {
    throw UsageError(
        fmt::format("mlp: confinement = {}; must be > 0: else Z may be infinite", confinement));
  }
}

void MlpSpec::check_length(const std::string& title, Index num_given) const {
  const std::string deeper =
      layers == 1 ? "" : fmt::format(", W2 {0}x{0}, b2 {0}{1}", hidden, layers == 2 ? "" : ", ..");
  check_params_length(
      title, fmt::format("W1 {0}x{1} row by row, b1 {0}{2}, v {0}", hidden, fan_in(0), deeper),
      num_params(), num_given);
}

Params MlpSpec::initial_params(const std::string& title) const {
  check_params_memory(title, num_params());
  Params w(num_params());
  const auto fill = [&w](Index begin, Index end, Index inputs) {
    for (Index i = begin; i < end; ++i) {
      w[i] = std::sqrt(3.0 / static_cast<double>(inputs)) * hashed_uniform(i);
    }
  };
  for (Index l = 0; l < layers; ++l) {
    fill(weights_at(l), weights_at(l + 1), fan_in(l));
  }
  fill(output_at(), num_params(), hidden);
  return w;
}

std::string MlpSpec::param_name(Index i) const {
  if (i >= output_at()) {
    return fmt::format("v[{}]", i - output_at());
  }
  Index l = 0;
  while (i >= weights_at(l + 1)) {
    ++l;
  }
  if (i >= biases_at(l)) {
    return fmt::format("b{}[{}]", l + 1, i - biases_at(l));
  }
  const Index k = i - weights_at(l);
  return fmt::format("W{}[{},{}]", l + 1, k / fan_in(l), k % fan_in(l));
}

// ---- MlpPrepared

MlpPrepared::MlpPrepared(const MlpSpec& of, const std::string& title, const Params& w,
                         const Eigen::MatrixXd& rows_of_x)
    : spec(of), in_double(unpack(of, w)), in_float(rounded(in_double)) {
  if (spec.num_x > 0 && rows_of_x.cols() != spec.num_x) {
    throw UsageError(
        fmt::format("mlp: x has {} columns, it takes {}", rows_of_x.cols(), spec.num_x));
  }
  columns.assign(static_cast<std::size_t>(spec.num_y), real_column());
  x = spec.num_x > 0 ? rows_of_x.array() : Block<double>(1, 0);
  check_memory(sizeof(double) * static_cast<double>(x.rows()) * static_cast<double>(spec.hidden),
               fmt::format("{}: its first layer on {} rows of x takes", title, x.rows()));
  first = in_double.biases[0].replicate(x.rows(), 1);
  const Eigen::Map<const RowMajor> w1(w.data(), spec.hidden, spec.fan_in(0));
  first.matrix().noalias() += x.matrix() * w1.leftCols(spec.num_x).transpose();
}

// ---- MlpPass

template <class Scalar>
void MlpPass<Scalar>::forward(const MlpPrepared& prepared, const Block<Scalar>& first,
                              const Block<Scalar>& y, bool with_slopes) {
  const auto& w = prepared.of<Scalar>();
  units.resize(w.weights.size());
  slopes.resize(w.weights.size());
  units[0] = first;
  for (std::size_t l = 0; l < units.size(); ++l) {
    const Block<Scalar>& below = l == 0 ? y : units[l - 1];
    if (l > 0) {
      units[l].resize(y.rows(), w.biases[l].cols());
      for (Index j = 0; j < units[l].cols(); ++j) {
        units[l].col(j) = w.biases[l](0, j);  // a row of them at once would be a temporary
      }
    }
    units[l].matrix().noalias() += below.matrix() * w.weights[l].transpose();
    if (with_slopes) {
      activate_by(prepared.spec.activation, units[l], slopes[l]);
    } else {
      activate_by(prepared.spec.activation, units[l]);
    }
  }
}

template <class Scalar>
void MlpPass<Scalar>::backward(const MlpPrepared& prepared) {
  const auto& w = prepared.of<Scalar>();
  for (Index j = 0; j < w.output.cols(); ++j) {
    slopes.back().col(j) *= w.output(0, j);
  }
  for (std::size_t l = slopes.size() - 1; l > 0; --l) {
    back.resize(slopes[l].rows(), w.weights[l].cols());
    back.matrix().noalias() = slopes[l].matrix() * w.weights[l];
    slopes[l - 1] *= back;
  }
}

template struct MlpPass<float>;
template struct MlpPass<double>;

// ---- MlpNet

template <class Scalar>
MlpNet<Scalar>::MlpNet(std::shared_ptr<const MlpPrepared> prepared,
                       std::span<const Index> row_of_chain)
    : prepared_(std::move(prepared)) {
  row_ = Eigen::Map<const Sites>(row_of_chain.data(), static_cast<Index>(row_of_chain.size()));
  if (prepared_->spec.num_x == 0) {
    row_.setZero();
  }
  gather(prepared_->first, row_, first_);
}

template <class Scalar>
void MlpNet<Scalar>::add_output(const Block<Scalar>& inputs, bool with_slopes,
                                PerChain& out) const {
  pass_.forward(*prepared_, first_, inputs, with_slopes);
  const Block<Scalar>& last = pass_.units.back();
  for (Index j = 0; j < last.cols(); ++j) {
    out += prepared_->in_double.output(0, j) * last.col(j).template cast<double>();
  }
}

template <class Scalar>
void MlpNet<Scalar>::add_input_grad(Block<Scalar>& grad) const {
  pass_.backward(*prepared_);
  grad.matrix().noalias() += pass_.slopes[0].matrix() * prepared_->template of<Scalar>().weights[0];
}

template <class Scalar>
void MlpNet<Scalar>::add_param_grad(const Block<Scalar>& inputs, ChainRange range,
                                    const PerChain& weights, Eigen::VectorXd& sum) const {
  const MlpSpec& spec = prepared_->spec;
  const auto rows = row_.segment(range.begin, range.size);
  const auto weight = weights.segment(range.begin, range.size);
  gather(prepared_->first, rows, param_first_);
  gather(prepared_->x, rows, x_);
  param_inputs_ = inputs.middleRows(range.begin, range.size).template cast<double>();
  auto& [units, slopes, back] = param_pass_;
  param_pass_.forward(*prepared_, param_first_, param_inputs_, true);
  sum.tail(spec.hidden).noalias() += units.back().matrix().transpose() * weight.matrix();
  slopes.back().colwise() *= weight;
  param_pass_.backward(*prepared_);
  for (Index l = 0; l < spec.layers; ++l) {
    const auto slope = slopes[static_cast<std::size_t>(l)].matrix().transpose();
    Eigen::Map<RowMajor> layer(sum.data() + spec.weights_at(l), spec.hidden, spec.fan_in(l));
    if (l == 0) {
      layer.leftCols(spec.num_x).noalias() += slope * x_.matrix();
      layer.rightCols(spec.num_y).noalias() += slope * param_inputs_.matrix();
    } else {
      layer.noalias() += slope * units[static_cast<std::size_t>(l - 1)].matrix();
    }
    sum.segment(spec.biases_at(l), spec.hidden) += slope.rowwise().sum();
  }
}

template class MlpNet<float>;
template class MlpNet<double>;

// ---- MlpEnergy

/// out = (c/2) |y|^2
template <class Scalar>
void MlpEnergy<Scalar>::set_confinement(const Block<Scalar>& y, PerChain& out) const {
  out.setZero(y.rows());
  for (Index i = 0; i < y.cols(); ++i) {
    out += y.col(i).template cast<double>().square();
  }
  out *= net_.prepared().spec.confinement / 2;
}

template <class Scalar>
void MlpEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  set_confinement(y, out);
  net_.add_output(y, false, out);
}

template <class Scalar>
void MlpEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                        Block<Scalar>& grad) const {
  set_confinement(y, out);
  net_.add_output(y, true, out);
  grad = static_cast<Scalar>(net_.prepared().spec.confinement) * y;
  net_.add_input_grad(grad);
}

template class MlpEnergy<float>;
template class MlpEnergy<double>;

// ---- MlpModel

MlpModel::MlpModel(const MlpSpec& spec, std::shared_ptr<const Params> w)
    : spec_(spec), w_(std::move(w)) {
  spec.check_sizes();
  spec.check_length(title(spec), w_->size());
}

MlpModel MlpModel::initial(const MlpSpec& spec) {
  spec.check_sizes();
  return MlpModel(spec, spec.initial_params(title(spec)));
}

ModelShape MlpModel::shape() const {
  return {spec_.num_x,
          std::vector<Column>(static_cast<std::size_t>(spec_.num_y), real_column()),
          {},
          spec_.num_params()};
}

std::shared_ptr<const MlpPrepared> MlpModel::prepare(const Eigen::MatrixXd& x) const {
  return std::make_shared<const MlpPrepared>(spec_, title(spec_), *w_, x);
}

}  // namespace negphase
