#include "negphase/gradient/training.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

/// Minibatches: the rows in a random order, another one for each epoch.
class RowOrder {
 public:
  RowOrder(Index rows, std::uint64_t seed) : order_(static_cast<std::size_t>(rows)), seed_(seed) {
    std::iota(order_.begin(), order_.end(), Index{0});
    next_ = order_.size();
  }
  std::vector<Index> take(Index count) {
    std::vector<Index> batch;
    while (static_cast<Index>(batch.size()) < count) {
      if (next_ == order_.size()) {
        shuffle();
      }
      batch.push_back(order_[next_++]);
    }
    return batch;
  }

 private:
  // Fisher-Yates by hand: std::shuffle differs between standard libraries
  void shuffle() {
    StreamEngine engine(seed_, 0, epoch_++, Purpose::data);
    for (std::size_t i = order_.size() - 1; i > 0; --i) {
      boost::random::uniform_int_distribution<std::size_t> pick(0, i);
      std::swap(order_[i], order_[pick(engine)]);
    }
    next_ = 0;
  }
  std::vector<Index> order_;
  std::uint64_t seed_, epoch_ = 0;
  std::size_t next_ = 0;
};

Params initial_params(const AnyModel& model, double scale, std::uint64_t seed) {
  Params w = model.params();
  StreamEngine engine(derive_seed(seed, "initial parameters"), 0, 0, Purpose::start);
  boost::random::normal_distribution<double> normal(0, scale);
  for (Index i = 0; i < w.size() && scale > 0; ++i) {
    w[i] += normal(engine);
  }
  return w;
}

Eigen::MatrixXd rows_of(const Eigen::MatrixXd& all, const std::vector<Index>& rows) {
  return all(rows, Eigen::all);
}

}  // namespace

std::span<const OptionSpec> train_options() {
  static const std::array<OptionSpec, 7> specs{{
      {"updates", std::int64_t{1000}, "steps of gradient descent", 1, 1e9, true, "updates"},
      {"batch", std::int64_t{100}, "data rows in the positive phase of an update", 1, 1e9, true,
       "rows"},
      {"chains", std::int64_t{128}, "persistent chains of an unconditional model", 1, 1e9, true,
       "chains"},
      {"cd_k", std::int64_t{1}, "steps of the chains in an update", 1, 1e6, true, "steps"},
      {"learning_rate", 0.05, "step along the gradient at the first update", 0, 1e6, false},
      {"learning_rate_end", 0.005, "the same at the last update; linear between", 0, 1e6, true},
      {"init_scale", 0.01, "standard deviation of the noise on the initial parameters", 0, 1e6,
       true},
  }};
  return specs;
}

Params train(const Problem& problem, const AnySampler& sampler, const Options& options,
             const RunSettings& settings, const OnUpdate& on_update) {
  const bool conditional = problem.model.shape().num_x > 0;
  const Index batch_rows =
      conditional ? problem.rows() : std::min<Index>(options.integer("batch"), problem.rows());
  const std::int64_t updates = options.integer("updates");
  const double first = options.real("learning_rate"), last = options.real("learning_rate_end");

  Problem now = problem;
  now.model = problem.model.with_params(
      initial_params(problem.model, options.real("init_scale"), settings.seed));
  RowOrder order(problem.rows(), derive_seed(settings.seed, "data order"));

  PhaseSpec spec;
  spec.role = "negative phase";
  spec.replicates = conditional ? Replicates::by_row(problem.rows(), 1)
                                : Replicates::by_group(options.integer("chains"));
  RunSettings quiet = settings;
  quiet.progress = nullptr;
  PhaseChains chains(now, sampler, spec, quiet);
  if (settings.progress != nullptr) {
    settings.progress->begin(updates);
  }

  for (std::int64_t update = 1; update <= updates; ++update) {
    const auto batch = order.take(batch_rows);
    const auto positive =
        solve_positive(now.model, conditional ? now.x : rows_of(now.x, batch),
                       conditional ? now.y : rows_of(now.y, batch), now.beta, *settings.executor);
    if (!positive) {
      throw ConfigError("training needs a model whose z can be summed out; this one's cannot");
    }
    chains.rebind(now.model);
    const Phase negative = chains.draw({0, 1, options.integer("cd_k")});
    const Eigen::VectorXd gradient = positive->mean_param_grad - negative.gradient.mean;
    const double done =
        updates > 1 ? static_cast<double>(update - 1) / static_cast<double>(updates - 1) : 0;
    Params w = now.model.params() - (first + done * (last - first)) * gradient;
    if (!w.allFinite()) {
      throw ModelError(fmt::format(
          "training: a parameter is no longer finite after update {}; take a smaller learning_rate "
          "than {}",
          update, first));
    }
    now.model = now.model.with_params(std::move(w));
    if (on_update) {
      on_update(update, gradient);
    }
    if (settings.progress != nullptr) {
      settings.progress->advance(1);
    }
    if (settings.stop != nullptr && settings.stop->stopped()) {
      throw Stopped(fmt::format("training: stopped on request after update {}", update));
    }
  }
  return now.model.params();
}

}  // namespace negphase
