// Which share of an update of training with a replay buffer is spent outside of sampling, energies
// and gradients: all that a kernel or an energy does is timed from within, on one thread, and the
// rest is what buffer, batches, optimiser and sums cost. Beside it persistent chains, which have no
// buffer.
//
//   micro_replay [--json]
//
// The share is the median of rounds of ten updates, with its quartiles; both numbers of a share
// come from the same updates. Beside it the median time of an update, as it would be without looks
// at the clock. The clock is one that is read without a call of the system, which
// costs as much as a small energy does and leaves the caches cold; that other programs may take the
// processor in between is what the median is for.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string_view>
#include <vector>

#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/langevin/mala.hpp"
#include "negphase/models/mlp.hpp"
#include "negphase/models/rbm.hpp"

namespace {

using namespace negphase;
double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// Seconds that one look at that clock takes.
double seconds_a_look() {
  constexpr int looks = 20000;
  const double begin = seconds_now();
  for (int i = 0; i < looks; ++i) {
    seconds_now();
  }
  return (seconds_now() - begin) / looks;
}

/// Time spent inside energies and kernels; calls from within one another count once.
class Inside {
 public:
  Inside() {
    if (depth_++ == 0) {
      ++visits;
      begin_ = seconds_now();
    }
  }
  ~Inside() {
    if (--depth_ == 0) {
      seconds += seconds_now() - begin_;
    }
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  static inline double seconds = 0;
  static inline double visits = 0;

 private:
  static inline int depth_ = 0;
  static inline double begin_ = 0;
};

template <class Scalar_>
class TimedEnergy {
 public:
  using Scalar = Scalar_;
  explicit TimedEnergy(AnyEnergy<Scalar> inner) : inner_(std::move(inner)) {}
  Abilities abilities() const { return inner_.abilities(); }
  std::span<const Column> columns() const { return inner_.columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    const Inside timed;
    inner_.energy(y, out);
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    const Inside timed;
    inner_.energy_and_grad(y, out, grad);
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    const Inside timed;
    inner_.energy_change(y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    const Inside timed;
    inner_.energy_change(y, sites, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    const Inside timed;
    inner_.conditional(y, columns, delta);
  }
  Index num_params() const { return inner_.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    const Inside timed;
    inner_.add_param_grad(y, range, weights, sum);
  }
  bool can_sum_out(std::span<const Index> columns) const { return inner_.can_sum_out(columns); }
  TimedEnergy summed_out(std::span<const Index> columns, double beta) const {
    const Inside timed;
    return TimedEnergy(inner_.summed_out(columns, beta));
  }
  LayerView layers() const { return inner_.layers(); }

 private:
  AnyEnergy<Scalar> inner_;
};

class TimedModel {
 public:
  using Prepared = AnyPrepared;
  // by pointer: a constructor from AnyModel would be asked whether a TimedModel is one, in a circle
  explicit TimedModel(std::shared_ptr<const AnyModel> inner) : inner_(std::move(inner)) {}
  ModelShape shape() const { return inner_->shape(); }
  const Params& params() const { return inner_->params(); }
  TimedModel with_params(std::shared_ptr<const Params> w) const {
    return TimedModel(std::make_shared<const AnyModel>(inner_->with_params(*w)));
  }
  std::string param_name(Index i) const { return inner_->param_name(i); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const {
    const Inside timed;
    return std::make_shared<const Prepared>(inner_->prepare(x));
  }
  template <class Scalar>
  TimedEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& prepared,
                           std::span<const Index> rows) const {
    const Inside timed;
    return TimedEnergy<Scalar>(inner_->bind<Scalar>(*prepared, rows));
  }

 private:
  std::shared_ptr<const AnyModel> inner_;
};

AnyModel timed_model(const AnyModel& model) {
  return TimedModel(std::make_shared<const AnyModel>(model));
}

/// A kernel, timed.
template <class K>
class Timed {
 public:
  template <class Scalar>
  using State = typename K::template State<Scalar>;
  template <class Scalar>
  using Scratch = typename K::template Scratch<Scalar>;
  explicit Timed(K kernel) : kernel_(std::move(kernel)) {}
  template <class E>
  auto init(const E& energy, const PerChain& beta, const Block<typename E::Scalar>& start) const {
    const Inside timed;
    return kernel_.init(energy, beta, start);
  }
  template <class E>
  auto scratch(const E& energy, Index chains) const {
    const Inside timed;
    return kernel_.scratch(energy, chains);
  }
  template <class E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& scratch,
            RandomSource& random, StepInfo& info) const {
    const Inside timed;
    kernel_.step(energy, state, scratch, random, info);
  }
  template <class E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    const Inside timed;
    kernel_.refresh(energy, state);
  }

 private:
  K kernel_;
};

template <class K>
AnySampler timed(const K& kernel) {
  return {
      .name = std::string(K::name), .in_float = Timed<K>(kernel), .in_double = Timed<K>(kernel)};
}

struct Contest {
  const char* what;
  Problem problem;
  AnySampler sampler;
  std::int64_t chains, cd_k, rounds;
};

/// Of each round, sorted: the share that is spent outside, and seconds an update.
struct Rounds {
  std::vector<double> share, seconds;
};

/// The first update is left out. One update of a round takes errors, as report_every says.
Rounds rounds_of(const Contest& c, const char* gradient) {
  constexpr std::int64_t updates_a_round = 10;
  const std::vector<GivenOption> given{{"gradient", std::string(gradient), {}},
                                       {"updates", c.rounds * updates_a_round + 1, {}},
                                       {"batch", c.chains, {}},
                                       {"chains", c.chains, {}},
                                       {"report_every", updates_a_round, {}},
                                       {"cd_k", c.cd_k, {}}};
  const Options options = Options::resolve("[train]", train_options(), given);
  const Executor executor(1);
  RunSettings settings;
  settings.executor = &executor;
  Trainer trainer(c.problem, &c.sampler, options, settings);
  trainer.update();  // makes the chains
  const double a_look = seconds_a_look();
  Rounds rounds;
  while (!trainer.done()) {
    Inside::seconds = 0;
    Inside::visits = 0;
    const double begin = seconds_now();
    for (int i = 0; i < updates_a_round; ++i) {
      trainer.update();
    }
    const double all = seconds_now() - begin;
    // of the two looks of a visit one falls inside and one outside
    const double looking = Inside::visits * a_look;
    rounds.share.push_back(1 - (Inside::seconds - looking) / (all - 2 * looking));
    rounds.seconds.push_back((all - 2 * looking) / updates_a_round);
  }
  std::sort(rounds.share.begin(), rounds.share.end());
  std::sort(rounds.seconds.begin(), rounds.seconds.end());
  return rounds;
}

Params some_params(Index n, double scale) {
  Params w(n);
  for (Index i = 0; i < n; ++i) {
    w[i] = scale * std::sin(1.7 * static_cast<double>(i));
  }
  return w;
}

Eigen::MatrixXd some_rows(Index rows, Index columns, bool bits) {
  Eigen::MatrixXd y(rows, columns);
  for (Index r = 0; r < rows; ++r) {
    for (Index j = 0; j < columns; ++j) {
      const double wave = std::sin(0.7 * static_cast<double>(r * columns + j * j));
      y(r, j) = bits ? (wave > 0.3 ? 1 : 0) : wave;
    }
  }
  return y;
}

Problem density_of(const AnyModel& model, const Eigen::MatrixXd& y) {
  Problem problem{model, Eigen::MatrixXd(y.rows(), 0), y};
  return problem;
}

std::vector<Contest> contests() {
  MlpSpec spec;
  spec.num_y = 2;
  spec.hidden = 64;
  spec.layers = 2;
  spec.confinement = 1;
  constexpr Index rows = 2000;
  const AnyModel rbm = timed_model(RbmModel(64, 32, some_params(64 * 32 + 64 + 32, 0.1)));
  const AnyModel mlp = timed_model(MlpModel(spec, some_params(spec.num_params(), 0.3)));
  const Problem bits = density_of(rbm, some_rows(rows, 64, true));
  const Problem reals = density_of(mlp, some_rows(rows, 2, false));
  std::vector<Contest> all;
  const AnySampler gibbs = timed(BlockGibbs()), mala = timed(Mala(0.05));
  all.push_back({"rbm 64 x 32, 128 chains, k = 1", bits, gibbs, 128, 1, 99});
  all.push_back({"rbm 64 x 32, 128 chains, k = 10", bits, gibbs, 128, 10, 49});
  all.push_back({"rbm 64 x 32, 1024 chains, k = 1", bits, gibbs, 1024, 1, 31});
  all.push_back({"rbm 64 x 32, 1024 chains, k = 10", bits, gibbs, 1024, 10, 15});
  all.push_back({"mlp 2 x 64 over 2 y, 128 chains, k = 20", reals, mala, 128, 20, 11});
  all.push_back({"mlp 2 x 64 over 2 y, 1024 chains, k = 20", reals, mala, 1024, 20, 5});
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_replay [--json]\n");
    return 2;
  }
  const char* separator = "";
  if (json) {
    fmt::print("{{\"share_outside\": [");
  }
  for (const Contest& c : contests()) {
    for (const char* gradient : {"replay", "pcd"}) {
      const Rounds rounds = rounds_of(c, gradient);
      const std::size_t n = rounds.share.size();
      const double lower = rounds.share[n / 4], median = rounds.share[n / 2],
                   upper = rounds.share[n - 1 - n / 4], seconds = rounds.seconds[n / 2];
      if (json) {
        fmt::print(
            "{}{{\"problem\": \"{}\", \"gradient\": \"{}\", \"median\": {:.5f}, "
            "\"lower_quartile\": {:.5f}, \"upper_quartile\": {:.5f}, \"seconds_an_update\": "
            "{:.4g}, "
            "\"rounds\": {}}}",
            separator, c.what, gradient, median, lower, upper, seconds, n);
        separator = ", ";
      } else {
        fmt::print("{:<40} {:<7} {:6.2f} % outside  ({:.2f} to {:.2f})  {:8.1f} us an update\n",
                   c.what, gradient, 100 * median, 100 * lower, 100 * upper, 1e6 * seconds);
      }
    }
  }
  fmt::print("{}", json ? "]}\n" : "");
}
