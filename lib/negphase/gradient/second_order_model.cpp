#include "negphase/gradient/second_order_model.hpp"

#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "negphase/random/stream_engine.hpp"
#include "negphase/run/random_position.hpp"

namespace negphase {

namespace {

constexpr double relative_step = 6e-6;  // cube root of the rounding 2^-52
constexpr Index states_looked_at = 64;

/// The energy of a SecondOrderModel.
template <class Scalar_>
class SecondOrderEnergy {
 public:
  using Scalar = Scalar_;

  SecondOrderEnergy(AnyEnergy<Scalar> energy, std::vector<AnyEnergy<Scalar>> shifted,
                    std::vector<double> steps, double beta, Index components)
      : inner_(std::move(energy)),
        shifted_(std::move(shifted)),
        steps_(std::move(steps)),
        beta_(beta),
        gradient_(components),
        upper_(components),
        lower_(components),
        second_(components, components) {}

  Abilities abilities() const {
    constexpr Abilities closed_forms = Ability::gaussian | Ability::pairwise;
    return inner_.abilities() & ~closed_forms;
  }
  std::span<const Column> columns() const { return inner_.columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const { inner_.energy(y, out); }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    inner_.energy_and_grad(y, out, grad);
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    inner_.energy_change(y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    inner_.energy_change(y, sites, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    inner_.conditional(y, columns, delta);
  }
  LayerView layers() const { return inner_.layers(); }

  Index num_params() const {
    const Index p = gradient_.size();
    return p + p * (p + 1) / 2;
  }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    ones_.setOnes(y.rows());
    for (Index c = range.begin; c < range.begin + range.size; ++c) {
      gradient_at(inner_, y, c, gradient_);
      set_second_derivatives(y, c);
      sum.head(gradient_.size()) += weights[c] * gradient_;
      Index at = gradient_.size();
      for (Index i = 0; i < gradient_.size(); ++i) {
        for (Index j = 0; j <= i; ++j) {
          sum[at++] += weights[c] * (beta_ * gradient_[i] * gradient_[j] - second_(i, j));
        }
      }
    }
  }

 private:
  void gradient_at(const AnyEnergy<Scalar>& energy, const Block<Scalar>& y, Index chain,
                   Eigen::VectorXd& out) const {
    out.setZero();
    energy.add_param_grad(y, {chain, 1}, ones_, out);
  }
  void set_second_derivatives(const Block<Scalar>& y, Index chain) const {
    second_.setZero();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      gradient_at(shifted_[2 * i], y, chain, upper_);
      gradient_at(shifted_[2 * i + 1], y, chain, lower_);
      second_.col(static_cast<Index>(i)) = (upper_ - lower_) / steps_[i];
    }
    second_ = (second_ + second_.transpose()).eval() / 2;
  }

  AnyEnergy<Scalar> inner_;
  std::vector<AnyEnergy<Scalar>> shifted_;
  std::vector<double> steps_;
  double beta_;
  mutable PerChain ones_;
  mutable Eigen::VectorXd gradient_, upper_, lower_;
  mutable Eigen::MatrixXd second_;
};

Params perturbed(Params w) {
  StreamEngine engine(1, 0, 0, Purpose::start);
  boost::random::normal_distribution<double> normal;
  for (double& one : w) {
    one += 0.01 * std::max(1.0, std::abs(one)) * normal(engine);
  }
  return w;
}

}  // namespace

SecondOrderModel::SecondOrderModel(AnyModel model, double beta, Of of)
    : model_(std::move(model)), beta_(beta), of_(of) {
  if (found_linear()) {
    return;
  }
  for (Index i = 0; i < num_params(); ++i) {
    const double h = relative_step * std::max(1.0, std::abs(model_.params()[i]));
    Params up = model_.params(), down = up;
    up[i] += h;
    down[i] -= h;
    steps_.push_back(up[i] - down[i]);  // what rounding makes of 2 h
    shifted_.push_back(model_.with_params(std::move(up)));
    shifted_.push_back(model_.with_params(std::move(down)));
  }
}

bool SecondOrderModel::found_linear() const {
  const ModelShape all = model_.shape();
  if (of_ == Of::free_energy && !all.z.empty()) {
    return false;
  }
  std::vector<Column> columns = all.y;
  columns.insert(columns.end(), all.z.begin(), all.z.end());
  Block<double> y(states_looked_at, static_cast<Index>(columns.size()));
  std::vector<double> one(columns.size());
  for (Index c = 0; c < y.rows(); ++c) {
    random_position(columns, 1, c, one);
    y.row(c) = Eigen::Map<Eigen::RowVectorXd>(one.data(), y.cols()).array();
  }
  Eigen::MatrixXd x(states_looked_at, all.num_x);
  for (Index r = 0; r < x.rows(); ++r) {
    for (Index j = 0; j < x.cols(); ++j) {
      x(r, j) = std::sin(static_cast<double>(1 + r + 7 * j));
    }
  }
  std::vector<Index> rows(static_cast<std::size_t>(y.rows()));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r] = static_cast<Index>(r);
  }
  const auto gradients = [&](const AnyModel& model) {
    const auto energy = model.bind_double(model.prepare(x), rows);
    Eigen::MatrixXd g = Eigen::MatrixXd::Zero(all.num_params, y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      Eigen::VectorXd sum = Eigen::VectorXd::Zero(all.num_params);
      energy.add_param_grad(y, {c, 1}, PerChain::Ones(y.rows()), sum);
      g.col(c) = sum;
    }
    return g;
  };
  try {
    return gradients(model_) == gradients(model_.with_params(perturbed(model_.params())));
  } catch (const ConfigError&) {  // other parameters are not legal: differences will tell
    return false;
  }
}

ModelShape SecondOrderModel::shape() const {
  ModelShape shape = model_.shape();
  shape.num_params += shape.num_params * (shape.num_params + 1) / 2;
  if (of_ == Of::free_energy) {
    shape.z.clear();
  }
  return shape;
}

std::string SecondOrderModel::param_name(Index i) const {
  return i < num_params() ? model_.param_name(i) : "S" + std::to_string(i - num_params());
}

std::shared_ptr<const SecondOrderModel::Prepared> SecondOrderModel::prepare(
    const Eigen::MatrixXd& x) const {
  auto all = std::make_shared<Prepared>();
  all->at_w = model_.prepare(x);
  for (const AnyModel& one : shifted_) {
    all->shifted.push_back(one.prepare(x));
  }
  return all;
}

template <class Scalar>
AnyEnergy<Scalar> SecondOrderModel::bind_one(const AnyModel& model, const AnyPrepared& prepared,
                                             std::span<const Index> rows) const {
  AnyEnergy<Scalar> energy = model.bind<Scalar>(prepared, rows);
  const ModelShape shape = model_.shape();
  const bool summed = of_ == Of::free_energy && !shape.z.empty();
  return summed ? energy.summed_out(latent_columns(shape), beta_) : std::move(energy);
}

template <class Scalar>
AnyEnergy<Scalar> SecondOrderModel::bind(std::shared_ptr<const Prepared> prepared,
                                         std::span<const Index> rows) const {
  std::vector<AnyEnergy<Scalar>> shifted;
  for (std::size_t i = 0; i < shifted_.size(); ++i) {
    shifted.push_back(bind_one<Scalar>(shifted_[i], prepared->shifted[i], rows));
  }
  return SecondOrderEnergy<Scalar>(bind_one<Scalar>(model_, prepared->at_w, rows),
                                   std::move(shifted), steps_, beta_, num_params());
}

template AnyEnergy<float> SecondOrderModel::bind(std::shared_ptr<const Prepared>,
                                                 std::span<const Index>) const;
template AnyEnergy<double> SecondOrderModel::bind(std::shared_ptr<const Prepared>,
                                                  std::span<const Index>) const;

}  // namespace negphase
