#include <doctest/doctest.h>

#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "negphase/models/rbm.hpp"
#include "negphase/random/stream_engine.hpp"

// Training curves without any random number: an RBM on the 14 bars and stripes of 3 x 3 pixels, by
// the exact gradient and by the exact expectation of CD-1 (M9).
namespace {

using namespace negphase;

constexpr Index num_visible = 9, num_hidden = 4;
constexpr int num_steps = 5000;
constexpr double learning_rate = 0.5;

// rows of one colour or columns of one colour, all white and all black once each
Block<double> bars_and_stripes() {
  Block<double> v(14, num_visible);
  Index row = 0;
  for (int pattern = 0; pattern < 8; ++pattern) {
    for (const bool by_rows : {true, false}) {
      if (by_rows || (pattern != 0 && pattern != 7)) {
        for (Index k = 0; k < num_visible; ++k) {
          v(row, k) = (pattern >> (by_rows ? k / 3 : k % 3)) & 1;
        }
        ++row;
      }
    }
  }
  return v;
}

// all states of n bits, in order, beside `left` columns of zeros
Block<double> all_states(Index n, Index left, Index right) {
  Block<double> states = Block<double>::Zero(Index{1} << n, left + n + right);
  for (Index s = 0; s < states.rows(); ++s) {
    for (Index j = 0; j < n; ++j) {
      states(s, left + j) = static_cast<double>((s >> j) & 1);
    }
  }
  return states;
}

// P(state of `layer` | each row of `given`): [rows of given x 2^units], by the energy's conditional
Eigen::MatrixXd layer_law(const AnyEnergy<double>& energy, const Block<double>& given,
                          const std::vector<Index>& layer) {
  const auto n = static_cast<Index>(layer.size());
  Block<double> delta(given.rows(), n);
  energy.conditional(given, layer, delta);
  Eigen::MatrixXd law = Eigen::MatrixXd::Ones(given.rows(), Index{1} << n);
  for (Index j = 0; j < n; ++j) {
    const Eigen::ArrayXd on = 1 / (1 + delta.col(j).exp());
    for (Index s = 0; s < law.cols(); ++s) {
      law.col(s).array() *= ((s >> j) & 1) != 0 ? on : 1 - on;
    }
  }
  return law;
}

class Training {
 public:
  explicit Training(bool by_cd)
      : by_cd_(by_cd), model_(RbmModel(num_visible, num_hidden, start())) {}

  /// Mean log likelihood of the data, in nats, before each step.
  std::vector<double> run() {
    std::vector<double> curve;
    for (int step = 0; step <= num_steps; ++step) {
      curve.push_back(step_once());
    }
    return curve;
  }

 private:
  // W ~ N(0, 0.1^2), biases 0; which W it is decides where the peak lies
  static Params start() {
    StreamEngine engine(1, 0, 0, Purpose::user);
    boost::random::normal_distribution<double> normal(0, 0.1);
    Params w = Params::Zero(num_visible * num_hidden + num_visible + num_hidden);
    for (Index i = 0; i < num_visible * num_hidden; ++i) {
      w[i] = normal(engine);
    }
    return w;
  }
  AnyEnergy<double> bind(Index chains) const {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), 0);
    return model_.bind_double(model_.prepare(Eigen::MatrixXd(1, 0)), rows);
  }

  double step_once() {
    const AnyEnergy<double> all = bind(visible_.rows()), data = bind(data_.rows());
    const AnyEnergy<double> free_all = all.summed_out(hidden_columns_, 1);
    const AnyEnergy<double> free_data = data.summed_out(hidden_columns_, 1);
    PerChain f(visible_.rows()), f_data(data_.rows());
    free_all.energy(visible_, f);
    free_data.energy(data_, f_data);
    const double lowest = f.minCoeff();
    const PerChain weights = (lowest - f).exp();
    const double log_z = std::log(weights.sum()) - lowest;

    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(model_.params().size());
    const auto n = static_cast<double>(data_.rows());
    free_data.add_param_grad(data_, {0, data_.rows()}, PerChain::Constant(data_.rows(), 1 / n),
                             gradient);
    const PerChain negative = by_cd_ ? after_one_step() : (weights / weights.sum()).eval();
    free_all.add_param_grad(visible_, {0, visible_.rows()}, -negative, gradient);
    model_ = model_.with_params(model_.params() - learning_rate * gradient);
    return -f_data.mean() - log_z;
  }

  // the law of v' after v -> h -> v' from the data: 14 x 2^4, then 2^4 x 2^9 products
  PerChain after_one_step() const {
    Block<double> both = Block<double>::Zero(data_.rows(), num_visible + num_hidden);
    both.leftCols(num_visible) = data_;
    const Eigen::RowVectorXd h =
        layer_law(bind(both.rows()), both, hidden_columns_).colwise().mean();
    return (h * layer_law(bind(hidden_.rows()), hidden_, visible_columns_)).transpose().array();
  }

  static std::vector<Index> columns(Index first, Index n) {
    std::vector<Index> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), first);
    return all;
  }

  bool by_cd_;
  AnyModel model_;
  Block<double> data_ = bars_and_stripes();
  Block<double> visible_ = all_states(num_visible, 0, 0);
  Block<double> hidden_ = all_states(num_hidden, num_visible, 0);
  std::vector<Index> visible_columns_ = columns(0, num_visible),
                     hidden_columns_ = columns(num_visible, num_hidden);
};

}  // namespace

TEST_SUITE_BEGIN("slow");

TEST_CASE("M9: by the exact gradient the likelihood rises throughout, by CD-1 it peaks and falls") {
  const std::vector<double> exact = Training(false).run(), cd = Training(true).run();
  Index falls = 0;
  for (std::size_t t = 1; t < exact.size(); ++t) {
    falls += exact[t] < exact[t - 1] ? 1 : 0;
  }
  const auto peak = static_cast<std::size_t>(std::max_element(cd.begin(), cd.end()) - cd.begin());
  MESSAGE("exact: " << exact.front() << " to " << exact.back() << " nats a datum, " << falls
                    << " steps down; CD-1: peak " << cd[peak] << " at step " << peak << ", end "
                    << cd.back() << ", exact there " << exact[peak]);
  CHECK(falls == 0);
  CHECK(peak >= 1000);
  CHECK(peak <= 2000);
  CHECK(cd.back() <= cd[peak] - 0.2);
}

TEST_SUITE_END();
