// Which share of an update of training with a replay buffer is spent outside of sampling, energies
// and gradients, in two ways, both on one thread. Outside of both phases: the same phases are run
// beside the training by themselves, update for update, and what training takes longer is batches,
// optimiser and watching. Outside of kernels and energies: all that a kernel or an energy does is
// timed from within, and the rest is besides what the chains of the phases cost to keep: their new
// starts, their sums, their errors, the watch on them. Beside it persistent chains, which have no
// buffer.
//
//   micro_replay [--json]
//
// Medians of rounds of ten updates, with their quartiles; both numbers of a share come from the
// same round. The clock is one that is read without a call of the system, which costs as much as a
// small energy does and leaves the caches cold; that other programs may take the processor in
// between is what the median is for.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/gradient/phase.hpp"
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

/// @tparam As  K, or Timed<K>
template <class As, class K>
AnySampler sampler_of(const K& kernel) {
  return {.name = std::string(K::name), .in_float = As(kernel), .in_double = As(kernel)};
}

struct Contest {
  const char* what;
  Problem problem, timed_problem;
  AnySampler sampler, timed_sampler;
  std::int64_t chains, cd_k, rounds;
};

constexpr std::int64_t updates_a_round = 10;

/// One update of a round takes errors, as report_every says.
Options options_of(const Contest& c, const char* gradient) {
  const std::vector<GivenOption> given{{"gradient", std::string(gradient), {}},
                                       {"updates", c.rounds * updates_a_round + 1, {}},
                                       {"batch", c.chains, {}},
                                       {"chains", c.chains, {}},
                                       {"report_every", updates_a_round, {}},
                                       {"cd_k", c.cd_k, {}}};
  return Options::resolve("[train]", train_options(), given);
}

RunSettings settings_on(const Executor& executor) {
  RunSettings settings;
  settings.executor = &executor;
  return settings;
}

/// Both phases of an update, and nothing else: what sampling, energies and gradients cost.
class PhasesAlone {
 public:
  PhasesAlone(const Contest& c, const char* gradient, const Executor& executor)
      : batch_(c.problem), k_(c.cd_k), executor_(executor) {
    batch_.x = c.problem.x.topRows(c.chains);
    batch_.y = c.problem.y.topRows(c.chains);
    PhaseSpec spec;
    spec.role = "negative phase";
    spec.replicates = Replicates::by_group(c.chains);
    if (std::string_view(gradient) == "replay") {
      spec.replay.emplace(c.problem, Replay::Start::noise, 0.05, k_, 1);
      spec.start = spec.replay->first_start();
    }
    chains_.emplace(c.problem, c.sampler, std::move(spec), settings_on(executor));
  }
  void update(const AnyModel& model, bool with_errors) {
    chains_->rebind(model);
    chains_->draw_mean({0, 1, k_}, with_errors);
    solve_positive(model, batch_.x, batch_.y, 1, ExactLimits{}, executor_);
  }

 private:
  Problem batch_;
  Index k_;
  const Executor& executor_;
  std::optional<PhaseChains> chains_;
};

/// Of each round, sorted: the share of an update that is spent outside of both phases, and outside
/// of kernels and energies; and seconds an update.
struct Rounds {
  std::vector<double> outside_phases, outside_kernels, seconds;
};

// the first update of each is left out, which makes the chains
void time_phases(const Contest& c, const char* gradient, Rounds& rounds) {
  const Executor executor(1);
  Trainer trainer(c.problem, &c.sampler, options_of(c, gradient), settings_on(executor));
  PhasesAlone phases(c, gradient, executor);
  trainer.update();
  phases.update(c.problem.model, false);
  while (!trainer.done()) {
    const double begin = seconds_now();
    for (int i = 0; i < updates_a_round; ++i) {
      trainer.update();
    }
    const double middle = seconds_now();
    const AnyModel model = c.problem.model.with_params(trainer.params());
    const double again = seconds_now();
    for (int i = 0; i < updates_a_round; ++i) {
      phases.update(model, i == 0);
    }
    const double end = seconds_now();
    rounds.outside_phases.push_back(1 - (end - again) / (middle - begin));
    rounds.seconds.push_back((middle - begin) / updates_a_round);
  }
}

void time_kernels(const Contest& c, const char* gradient, Rounds& rounds) {
  const Executor executor(1);
  Trainer trainer(c.timed_problem, &c.timed_sampler, options_of(c, gradient),
                  settings_on(executor));
  trainer.update();
  const double a_look = seconds_a_look();
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
    rounds.outside_kernels.push_back(1 - (Inside::seconds - looking) / (all - 2 * looking));
  }
}

Rounds rounds_of(const Contest& c, const char* gradient) {
  Rounds rounds;
  time_phases(c, gradient, rounds);
  time_kernels(c, gradient, rounds);
  for (auto* all : {&rounds.outside_phases, &rounds.outside_kernels, &rounds.seconds}) {
    std::sort(all->begin(), all->end());
  }
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
  const AnyModel rbm = RbmModel(64, 32, some_params(64 * 32 + 64 + 32, 0.1));
  const AnyModel mlp = MlpModel(spec, some_params(spec.num_params(), 0.3));
  std::vector<Contest> all;
  const auto add = [&](const char* what, const AnyModel& model, const Eigen::MatrixXd& y,
                       const auto& kernel, Index chains, Index k, Index rounds) {
    using K = std::decay_t<decltype(kernel)>;
    all.push_back({what, density_of(model, y), density_of(timed_model(model), y),
                   sampler_of<K>(kernel), sampler_of<Timed<K>>(kernel), chains, k, rounds});
  };
  const auto add_rbm = [&](const char* what, Index chains, Index k, Index rounds) {
    add(what, rbm, some_rows(2000, 64, true), BlockGibbs(), chains, k, rounds);
  };
  const auto add_mlp = [&](const char* what, Index chains, Index k, Index rounds) {
    add(what, mlp, some_rows(2000, 2, false), Mala(0.05), chains, k, rounds);
  };
  add_rbm("rbm 64 x 32, 128 chains, k = 1", 128, 1, 199);
  add_rbm("rbm 64 x 32, 128 chains, k = 10", 128, 10, 99);
  add_rbm("rbm 64 x 32, 1024 chains, k = 1", 1024, 1, 61);
  add_rbm("rbm 64 x 32, 1024 chains, k = 10", 1024, 10, 31);
  add_mlp("mlp 2 x 64 over 2 y, 128 chains, k = 20", 128, 20, 31);
  add_mlp("mlp 2 x 64 over 2 y, 1024 chains, k = 20", 1024, 20, 11);
  return all;
}

std::string json_of(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return fmt::format(R"({{"median": {:.5g}, "low": {:.5g}, "high": {:.5g}}})", sorted[n / 2],
                     sorted[n / 4], sorted[n - 1 - n / 4]);
}

std::string percent_of(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return fmt::format("{:5.1f} % ({:.1f} to {:.1f})", 100 * sorted[n / 2], 100 * sorted[n / 4],
                     100 * sorted[n - 1 - n / 4]);
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_replay [--json]\n");
    return 2;
  }
  if (json) {
    fmt::print("{{\"updates\": [");
  } else {
    fmt::print("{:<41} {:<7} {:<23} {:<23} {}\n", "", "", "outside both phases",
               "outside kernels, energies", "us an update");
  }
  const char* separator = "";
  for (const Contest& c : contests()) {
    for (const char* gradient : {"replay", "pcd"}) {
      const Rounds rounds = rounds_of(c, gradient);
      if (json) {
        fmt::print(R"({}{{"problem": "{}", "gradient": "{}", "outside_phases": {}, )"
                   R"("outside_kernels": {}, "seconds_an_update": {}, "rounds": {}}})",
                   separator, c.what, gradient, json_of(rounds.outside_phases),
                   json_of(rounds.outside_kernels), json_of(rounds.seconds), rounds.seconds.size());
        separator = ", ";
      } else {
        fmt::print("{:<41} {:<7} {:<23} {:<25} {:8.0f}\n", c.what, gradient,
                   percent_of(rounds.outside_phases), percent_of(rounds.outside_kernels),
                   1e6 * rounds.seconds[rounds.seconds.size() / 2]);
      }
    }
  }
  fmt::print("{}", json ? "]}\n" : "");
}
