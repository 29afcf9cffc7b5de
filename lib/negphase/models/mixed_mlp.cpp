#include "negphase/models/mixed_mlp.hpp"

#include <fmt/format.h>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

bool is_real(const Column& column) { return column.kind == ColumnKind::real; }

std::string title(const MixedMlpSpec& spec) {
  return fmt::format("mlp of {} x {} units on {} x and {} inputs of {} y and {} z", spec.layers,
                     spec.hidden, spec.num_x, spec.net().num_y, spec.y.size(), spec.z.size());
}

}  // namespace

MlpSpec MixedMlpSpec::net() const {
  Index inputs = 0;
  for (const std::vector<Column>* columns : {&y, &z}) {
    for (const Column& column : *columns) {
      inputs += num_inputs(column);
    }
  }
  return {num_x, inputs, hidden, layers, activation, confinement};
}

// ---- MixedMlpEnergy

/// The rows of inputs_ for the chains of a range.
template <class Scalar>
void MixedMlpEnergy<Scalar>::encode(const Block<Scalar>& y, ChainRange range) const {
  inputs_.resize(y.rows(), net_.prepared().spec.num_y);
  for (Index j = 0; j < y.cols(); ++j) {
    const Column& column = prepared_->columns[static_cast<std::size_t>(j)];
    const Index at = prepared_->input_at[static_cast<std::size_t>(j)];
    const auto values = y.col(j).segment(range.begin, range.size);
    if (column.kind != ColumnKind::category) {
      inputs_.col(at).segment(range.begin, range.size) = values;
      continue;
    }
    for (Index k = 0; k < column.num_states; ++k) {
      inputs_.col(at + k).segment(range.begin, range.size) =
          (values == static_cast<Scalar>(k)).template cast<Scalar>();
    }
  }
}

/// out = (c/2) times the squares of the real columns.
template <class Scalar>
void MixedMlpEnergy<Scalar>::set_confinement(const Block<Scalar>& y, PerChain& out) const {
  out.setZero(y.rows());
  for (Index j = 0; j < y.cols(); ++j) {
    if (is_real(prepared_->columns[static_cast<std::size_t>(j)])) {
      out += y.col(j).template cast<double>().square();
    }
  }
  out *= net_.prepared().spec.confinement / 2;
}

template <class Scalar>
void MixedMlpEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  encode(y, {0, y.rows()});
  set_confinement(y, out);
  net_.add_output(inputs_, false, out);
}

template <class Scalar>
void MixedMlpEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                             Block<Scalar>& grad) const {
  encode(y, {0, y.rows()});
  set_confinement(y, out);
  net_.add_output(inputs_, true, out);
  input_grad_.setZero(inputs_.rows(), inputs_.cols());
  net_.add_input_grad(input_grad_);
  const auto c = static_cast<Scalar>(net_.prepared().spec.confinement);
  grad.setZero(y.rows(), y.cols());
  for (Index j = 0; j < y.cols(); ++j) {
    if (is_real(prepared_->columns[static_cast<std::size_t>(j)])) {
      grad.col(j) =
          c * y.col(j) + input_grad_.col(prepared_->input_at[static_cast<std::size_t>(j)]);
    }
  }
}

template <class Scalar>
void MixedMlpEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                            const PerChain& weights, Eigen::VectorXd& sum) const {
  encode(y, range);
  net_.add_param_grad(inputs_, range, weights, sum);
}

template class MixedMlpEnergy<float>;
template class MixedMlpEnergy<double>;

// ---- MixedMlpModel

MixedMlpModel::MixedMlpModel(const MixedMlpSpec& spec, std::shared_ptr<const Params> w)
    : spec_(spec), w_(std::move(w)) {
  for (const std::vector<Column>* columns : {&spec.y, &spec.z}) {
    for (const Column& column : *columns) {
      if (MixedMlpSpec::num_inputs(column) < 1) {
        throw UsageError("mlp: a column of a category needs at least 1 state");
      }
    }
  }
  if (spec.y.empty()) {
    throw UsageError("mlp: needs at least 1 y");
  }
  const MlpSpec net = spec.net();
  net.check_sizes();
  net.check_length(title(spec), w_->size());
}

MixedMlpModel MixedMlpModel::initial(const MixedMlpSpec& spec) {
  const MlpSpec net = spec.net();
  net.check_sizes();
  return MixedMlpModel(spec, net.initial_params(title(spec)));
}

ModelShape MixedMlpModel::shape() const { return {spec_.num_x, spec_.y, spec_.z, w_->size()}; }

std::shared_ptr<const MixedMlpPrepared> MixedMlpModel::prepare(const Eigen::MatrixXd& x) const {
  auto prepared = std::make_shared<MixedMlpPrepared>();
  prepared->net = std::make_shared<const MlpPrepared>(spec_.net(), title(spec_), *w_, x);
  prepared->columns = spec_.y;
  prepared->columns.insert(prepared->columns.end(), spec_.z.begin(), spec_.z.end());
  Index at = 0;
  for (const Column& column : prepared->columns) {
    prepared->input_at.push_back(at);
    at += MixedMlpSpec::num_inputs(column);
  }
  return prepared;
}

}  // namespace negphase
