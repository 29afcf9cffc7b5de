// How biased CD-k is, without any noise (M9): the law of the visible units after k steps of block
// Gibbs from the data is a vector times a matrix, for an RBM on the bars and stripes of 3 x 3
// pixels.
#include <negphase/models/rbm.hpp>
#include <negphase/random/stream_engine.hpp>

#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <numeric>

#include "example_page.hpp"

using namespace negphase;
using namespace negphase::example;

namespace {

constexpr Index num_visible = 9, num_hidden = 4;

Block<double> bars_and_stripes() {
  Block<double> v(14, num_visible);
  Index row = 0;
  for (int pattern = 0; pattern < 8; ++pattern) {
    for (const bool by_rows : {true, false}) {
      if (by_rows || (pattern != 0 && pattern != 7)) {  // all white and all black once each
        for (Index k = 0; k < num_visible; ++k) {
          v(row, k) = (pattern >> (by_rows ? k / 3 : k % 3)) & 1;
        }
        ++row;
      }
    }
  }
  return v;
}

/// All states of n bits, the first one the lowest digit, beside columns of zeros.
Block<double> all_states(Index n, Index left, Index right) {
  Block<double> states = Block<double>::Zero(Index{1} << n, left + n + right);
  for (Index s = 0; s < states.rows(); ++s) {
    for (Index j = 0; j < n; ++j) {
      states(s, left + j) = static_cast<double>((s >> j) & 1);
    }
  }
  return states;
}

std::vector<Index> columns(Index first, Index n) {
  std::vector<Index> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// Everything about one RBM that can be summed: 2^9 x 2^4 states.
class ExactRbm {
 public:
  explicit ExactRbm(Params w) : model_(RbmModel(num_visible, num_hidden, std::move(w))) {}

  /// The gradient of the NLL with the negative phase under `law` of v [2^9].
  Eigen::VectorXd gradient(const Eigen::RowVectorXd& law) const {
    Eigen::VectorXd g = Eigen::VectorXd::Zero(model_.params().size());
    const Block<double> data = bars_and_stripes(), visible = all_states(num_visible, 0, 0);
    const auto n = static_cast<double>(data.rows());
    free_energy(data.rows())
        .add_param_grad(data, {0, data.rows()}, PerChain::Constant(data.rows(), 1 / n), g);
    free_energy(visible.rows())
        .add_param_grad(visible, {0, visible.rows()}, -law.transpose().array(), g);
    return g;
  }
  /// p(v), and the mean NLL of the data that follows.
  Eigen::RowVectorXd law(double* nll = nullptr) const {
    const Block<double> visible = all_states(num_visible, 0, 0), data = bars_and_stripes();
    PerChain f(visible.rows()), of_data(data.rows());
    free_energy(visible.rows()).energy(visible, f);
    free_energy(data.rows()).energy(data, of_data);
    const PerChain weights = (f.minCoeff() - f).exp();
    if (nll != nullptr) {
      *nll = of_data.mean() + std::log(weights.sum()) - f.minCoeff();
    }
    return (weights / weights.sum()).matrix().transpose();
  }
  /// The law of v after k steps v -> h -> v' from the data, for each k asked for in rising order.
  std::vector<Eigen::RowVectorXd> laws_after(const std::vector<int>& steps) const {
    const Eigen::MatrixXd to_hidden =
        layer_law(all_states(num_visible, 0, num_hidden), columns(num_visible, num_hidden));
    const Eigen::MatrixXd to_visible =
        layer_law(all_states(num_hidden, num_visible, 0), columns(0, num_visible));
    Eigen::RowVectorXd now = law_of_data();
    std::vector<Eigen::RowVectorXd> laws;
    for (int step = 1; step <= steps.back(); ++step) {
      now = (now * to_hidden).eval() * to_visible;
      if (std::count(steps.begin(), steps.end(), step) > 0) {
        laws.push_back(now);
      }
    }
    return laws;
  }

 private:
  AnyEnergy<double> bind(Index chains) const {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), 0);
    return model_.bind_double(model_.prepare(Eigen::MatrixXd(1, 0)), rows);
  }
  AnyEnergy<double> free_energy(Index chains) const {
    return bind(chains).summed_out(columns(num_visible, num_hidden), 1);
  }
  /// P(state of `layer` | each row of `given`).
  Eigen::MatrixXd layer_law(const Block<double>& given, const std::vector<Index>& layer) const {
    const Index n = std::ssize(layer);
    Block<double> delta(given.rows(), n);
    bind(given.rows()).conditional(given, layer, delta);
    Eigen::MatrixXd law = Eigen::MatrixXd::Ones(given.rows(), Index{1} << n);
    for (Index j = 0; j < n; ++j) {
      const Eigen::ArrayXd on = 1 / (1 + delta.col(j).exp());
      for (Index s = 0; s < law.cols(); ++s) {
        law.col(s).array() *= ((s >> j) & 1) != 0 ? on : 1 - on;
      }
    }
    return law;
  }
  static Eigen::RowVectorXd law_of_data() {
    const Block<double> data = bars_and_stripes();
    Eigen::RowVectorXd law = Eigen::RowVectorXd::Zero(Index{1} << num_visible);
    for (Index r = 0; r < data.rows(); ++r) {
      Index state = 0;
      for (Index j = 0; j < num_visible; ++j) {
        state += static_cast<Index>(data(r, j)) << j;
      }
      law[state] += 1 / static_cast<double>(data.rows());
    }
    return law;
  }

  AnyModel model_;
};

Params start() {
  StreamEngine engine(1, 0, 0, Purpose::user);
  boost::random::normal_distribution<double> normal(0, 0.1);
  Params w = Params::Zero(num_visible * num_hidden + num_visible + num_hidden);
  for (Index i = 0; i < num_visible * num_hidden; ++i) {
    w[i] = normal(engine);
  }
  return w;
}

/// Gradient descent by the exact gradient (k = 0) or the exact expectation of CD-k.
struct Curve {
  std::vector<double> update, log_likelihood;
  std::vector<Params> at;  ///< parameters at the updates that were asked for
};
Curve descend(int k, int updates, const std::vector<int>& keep) {
  Curve curve;
  Params w = start();
  for (int update = 0; update <= updates; ++update) {
    const ExactRbm rbm(w);
    double nll = 0;
    const Eigen::RowVectorXd law = rbm.law(&nll);
    if (update % 10 == 0) {
      curve.update.push_back(update);
      curve.log_likelihood.push_back(-nll);
    }
    if (std::count(keep.begin(), keep.end(), update) > 0) {
      curve.at.push_back(w);
    }
    w -= 0.5 * rbm.gradient(k == 0 ? law : rbm.laws_after({k}).front());
  }
  return curve;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments given = arguments(argc, argv, "cd_bias");
  const int updates = given.quick ? 60 : 5000;
  const std::vector<int> stages =
      given.quick ? std::vector<int>{0, 60} : std::vector<int>{0, 300, 1500, 5000};
  FiguresPage page("The bias of CD-k");
  page.text(
      "An RBM with 4 hidden units on the 14 bars and stripes of 3 x 3 pixels. All laws are summed "
      "exactly, so no figure here has noise: CD-k's expectation is the gradient under the law of v "
      "after k steps from the data (M9).");

  std::vector<FigureSeries> curves;
  std::vector<Params> at;
  for (const auto& [name, k] : {std::pair{"exact gradient", 0}, {"CD-1", 1}}) {
    Curve curve = descend(k, updates, stages);
    if (k == 0) {
      at = curve.at;
    }
    curves.push_back(
        {name, curve.update, curve.log_likelihood, {}, {}, FigureSeries::Style::curve});
    const auto peak = std::max_element(curve.log_likelihood.begin(), curve.log_likelihood.end());
    std::printf("%s: log likelihood %.3f, best %.3f at update %d, last %.3f\n", name,
                curve.log_likelihood.front(), *peak,
                static_cast<int>(10 * (peak - curve.log_likelihood.begin())),
                curve.log_likelihood.back());
  }
  page.figure({"training",
               "Log likelihood along a training of " + std::to_string(updates) + " updates",
               "By the exact gradient it rises to the end. By CD-1 it peaks and then falls: the "
               "bias goes on pushing when the gradient has become small.",
               {{"", {"update"}, {"mean log likelihood, nats"}, curves}}});

  const std::vector<int> steps{1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000};
  std::vector<FigureSeries> bias;
  for (std::size_t stage = 0; stage < at.size(); ++stage) {
    const ExactRbm rbm(at[stage]);
    const Eigen::VectorXd exact = rbm.gradient(rbm.law());
    FigureSeries series{"after " + std::to_string(stages[stage]) + " updates", {}, {}};
    const auto laws = rbm.laws_after(steps);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      series.x.push_back(steps[i]);
      series.y.push_back((rbm.gradient(laws[i]) - exact).norm() / exact.norm());
    }
    bias.push_back(std::move(series));
  }
  page.figure(
      {"bias",
       "Bias against k, at stages of the exact training",
       "Near the start a few steps do. Once the energy has valleys the chain needs hundreds "
       "of steps to forget the datum, and CD-1 is off by more than the gradient itself.",
       {{"", {"k", true}, {"|bias| / |gradient|", true}, bias}}});
  write(page, given);
}
