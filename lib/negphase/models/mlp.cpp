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

void check_spec(const MlpSpec& spec) {
  if (spec.num_x < 0 || spec.num_y < 1 || spec.hidden < 1 || spec.layers < 1) {
    throw UsageError(
        fmt::format("mlp: {} x, {} y, {} layers of {} units; needs num_x >= 0 and at "
                    "least 1 of the others",
                    spec.num_x, spec.num_y, spec.layers, spec.hidden));
  }
  if (!(spec.confinement > 0) || !std::isfinite(spec.confinement)) {
    throw UsageError(fmt::format("mlp: confinement = {}; must be > 0: else Z may be infinite",
                                 spec.confinement));
  }
}

std::string title(const MlpSpec& spec) {
  return fmt::format("mlp of {} x {} units on {} x and {} y", spec.layers, spec.hidden, spec.num_x,
                     spec.num_y);
}

}  // namespace

Index MlpSpec::weights_at(Index l) const {
  return l == 0 ? 0 : hidden * (fan_in(0) + 1) + (l - 1) * hidden * (hidden + 1);
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

// ---- MlpEnergy

template <class Scalar>
MlpEnergy<Scalar>::MlpEnergy(std::shared_ptr<const MlpPrepared> prepared,
                             std::span<const Index> row_of_chain)
    : prepared_(std::move(prepared)) {
  row_ = Eigen::Map<const Sites>(row_of_chain.data(), static_cast<Index>(row_of_chain.size()));
  if (prepared_->spec.num_x == 0) {
    row_.setZero();
  }
  gather(prepared_->first, row_, first_);
}

/// out = (c/2) |y|^2 + v'a_L after a forward pass.
template <class Scalar>
void MlpEnergy<Scalar>::sum_energy(const Block<Scalar>& y, PerChain& out) const {
  out.setZero(y.rows());
  for (Index i = 0; i < y.cols(); ++i) {
    out += y.col(i).template cast<double>().square();
  }
  out *= prepared_->spec.confinement / 2;
  const Block<Scalar>& last = pass_.units.back();
  for (Index j = 0; j < last.cols(); ++j) {
    out += prepared_->in_double.output(0, j) * last.col(j).template cast<double>();
  }
}

template <class Scalar>
void MlpEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  pass_.forward(*prepared_, first_, y, false);
  sum_energy(y, out);
}

template <class Scalar>
void MlpEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                        Block<Scalar>& grad) const {
  pass_.forward(*prepared_, first_, y, true);
  sum_energy(y, out);
  pass_.backward(*prepared_);
  grad = static_cast<Scalar>(prepared_->spec.confinement) * y;
  grad.matrix().noalias() += pass_.slopes[0].matrix() * prepared_->template of<Scalar>().weights[0];
}

template <class Scalar>
void MlpEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                       const PerChain& weights, Eigen::VectorXd& sum) const {
  const MlpSpec& spec = prepared_->spec;
  const auto rows = row_.segment(range.begin, range.size);
  const auto weight = weights.segment(range.begin, range.size);
  gather(prepared_->first, rows, param_first_);
  gather(prepared_->x, rows, x_);
  param_y_ = y.middleRows(range.begin, range.size).template cast<double>();
  auto& [units, slopes, back] = param_pass_;
  param_pass_.forward(*prepared_, param_first_, param_y_, true);
  sum.tail(spec.hidden).noalias() += units.back().matrix().transpose() * weight.matrix();
  slopes.back().colwise() *= weight;
  param_pass_.backward(*prepared_);
  for (Index l = 0; l < spec.layers; ++l) {
    const auto slope = slopes[static_cast<std::size_t>(l)].matrix().transpose();
    Eigen::Map<RowMajor> layer(sum.data() + spec.weights_at(l), spec.hidden, spec.fan_in(l));
    if (l == 0) {
      layer.leftCols(spec.num_x).noalias() += slope * x_.matrix();
      layer.rightCols(spec.num_y).noalias() += slope * param_y_.matrix();
    } else {
      layer.noalias() += slope * units[static_cast<std::size_t>(l - 1)].matrix();
    }
    sum.segment(spec.biases_at(l), spec.hidden) += slope.rowwise().sum();
  }
}

template class MlpEnergy<float>;
template class MlpEnergy<double>;

// ---- MlpModel

MlpModel::MlpModel(const MlpSpec& spec, std::shared_ptr<const Params> w)
    : spec_(spec), w_(std::move(w)) {
  check_spec(spec);
  const std::string deeper = spec.layers == 1 ? ""
                                              : fmt::format(", W2 {0}x{0}, b2 {0}{1}", spec.hidden,
                                                            spec.layers == 2 ? "" : ", ..");
  check_params_length(
      title(spec),
      fmt::format("W1 {0}x{1} row by row, b1 {0}{2}, v {0}", spec.hidden, spec.fan_in(0), deeper),
      spec.num_params(), w_->size());
}

MlpModel MlpModel::initial(const MlpSpec& spec) {
  check_spec(spec);
  check_params_memory(title(spec), spec.num_params());
  Params w(spec.num_params());
  const auto fill = [&w](Index begin, Index end, Index fan_in) {
    for (Index i = begin; i < end; ++i) {
      w[i] = std::sqrt(3.0 / static_cast<double>(fan_in)) * hashed_uniform(i);
    }
  };
  for (Index l = 0; l < spec.layers; ++l) {
    fill(spec.weights_at(l), spec.weights_at(l + 1), spec.fan_in(l));
  }
  fill(spec.output_at(), spec.num_params(), spec.hidden);
  return MlpModel(spec, std::move(w));
}

ModelShape MlpModel::shape() const {
  return {spec_.num_x,
          std::vector<Column>(static_cast<std::size_t>(spec_.num_y), real_column()),
          {},
          spec_.num_params()};
}

std::string MlpModel::param_name(Index i) const {
  if (i >= spec_.output_at()) {
    return fmt::format("v[{}]", i - spec_.output_at());
  }
  Index l = 0;
  while (i >= spec_.weights_at(l + 1)) {
    ++l;
  }
  if (i >= spec_.biases_at(l)) {
    return fmt::format("b{}[{}]", l + 1, i - spec_.biases_at(l));
  }
  const Index k = i - spec_.weights_at(l);
  return fmt::format("W{}[{},{}]", l + 1, k / spec_.fan_in(l), k % spec_.fan_in(l));
}

std::shared_ptr<const MlpPrepared> MlpModel::prepare(const Eigen::MatrixXd& x) const {
  if (spec_.num_x > 0 && x.cols() != spec_.num_x) {
    throw UsageError(fmt::format("mlp: x has {} columns, it takes {}", x.cols(), spec_.num_x));
  }
  auto prepared = std::make_shared<MlpPrepared>();
  prepared->spec = spec_;
  prepared->in_double = unpack(spec_, *w_);
  prepared->in_float = rounded(prepared->in_double);
  prepared->columns = shape().y;
  prepared->x = spec_.num_x > 0 ? x.array() : Block<double>(1, 0);
  check_memory(
      sizeof(double) * static_cast<double>(prepared->x.rows()) * static_cast<double>(spec_.hidden),
      fmt::format("{}: its first layer on {} rows of x takes", title(spec_), prepared->x.rows()));
  prepared->first = prepared->in_double.biases[0].replicate(prepared->x.rows(), 1);
  const Eigen::Map<const RowMajor> w1(w_->data(), spec_.hidden, spec_.fan_in(0));
  prepared->first.matrix().noalias() += prepared->x.matrix() * w1.leftCols(spec_.num_x).transpose();
  return prepared;
}

}  // namespace negphase
