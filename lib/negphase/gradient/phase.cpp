#include "negphase/gradient/phase.hpp"

#include <fmt/core.h>

#include <boost/random/uniform_int_distribution.hpp>
#include <limits>
#include <numeric>
#include <optional>

#include "negphase/core/conditioned.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/gradient/phase_observers.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

template <class Scalar>
class SumsOfPairs final : public PairObserver<Scalar> {
 public:
  explicit SumsOfPairs(ParamGradSums<Scalar>& sums) : sums_(sums) {}
  void add(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state, const PerChain& weights,
           bool is_draw, Index live) override {
    sums_.add(energy, state.position(), weights, is_draw, live);
  }

 private:
  ParamGradSums<Scalar>& sums_;
};

std::vector<Index> rows_of(std::span<const Index> chains, Index rows) {
  std::vector<Index> result;
  for (const Index c : chains) {
    result.push_back(c % rows);
  }
  return result;
}

}  // namespace

struct PhaseChains::Interface {
  virtual ~Interface() = default;
  virtual Phase draw(const Schedule&, const PhaseLooks&) = 0;
  virtual ReplicateMean draw_mean(const Schedule&, bool with_errors) = 0;
  virtual Phase couple(const CoupledSchedule&) = 0;
  virtual Eigen::MatrixXd draw_y(const Schedule&) = 0;
  virtual void step(Index) = 0;
  virtual PerChain energies() const = 0;
  virtual const KeptEnergies& energies_of_draws() const = 0;
  virtual Eigen::MatrixXd present_y() const = 0;
  virtual void rebind(const AnyModel&) = 0;
  virtual const RunCounts& counts() const = 0;
  virtual SuspectChains suspects() const = 0;
  virtual void save(SavedState&) const = 0;
  virtual void restore(const SavedState&) = 0;
};

template <class Scalar>
struct PhaseChains::Typed final : Interface {
  using Bind = std::function<AnyEnergy<Scalar>(std::span<const Index>)>;
  using BlockSums = std::vector<std::unique_ptr<ParamGradSums<Scalar>>>;

  Typed(const Problem& p, const AnySampler& sampler, PhaseSpec how, const RunSettings& run)
      : shape(p.model.shape()),
        x(p.x),
        y(p.y),
        beta(p.beta),
        spec(std::move(how)),
        settings(run),
        seed(derive_seed(run.seed, spec.role)),
        reference(spec.reference.size() > 0
                      ? spec.reference
                      : Eigen::VectorXd(Eigen::VectorXd::Zero(shape.num_params))),
        kernel(sampler.kernel<Scalar>()),
        setup{spec.replicates.chains(), p.beta,        seed,    sampler.name,
              sampler.step_size,        bind(p.model), start(), renewal()},
        chains(setup, kernel, run) {
    for (Index b = 0; b < chains.plan().num_blocks(); ++b) {
      watches.emplace_back(chains.plan().live(b));
    }
  }

  Bind bind(const AnyModel& model) const {
    return [this, model, prepared = model.prepare(x)](std::span<const Index> ids) {
      const std::vector<Index> rows = rows_of(ids, y.rows());
      AnyEnergy<Scalar> energy = model.template bind<Scalar>(prepared, rows);
      if (!spec.clamp_y) {
        return energy;
      }
      Block<Scalar> values =
          Block<Scalar>::Zero(static_cast<Index>(ids.size()), shape.num_y() + shape.num_z());
      for (std::size_t c = 0; c < rows.size(); ++c) {
        values.row(static_cast<Index>(c)).head(shape.num_y()) =
            y.row(rows[c]).array().template cast<Scalar>();
      }
      return AnyEnergy<Scalar>(
          Conditioned<AnyEnergy<Scalar>>(std::move(energy), latent_columns(shape), values));
    };
  }

  std::function<void(Index, std::span<double>)> start() const {
    return [this](Index chain, std::span<double> position) {
      const auto num_y = spec.clamp_y ? std::size_t{0} : shape.y.size();
      const Index row = chain % y.rows();
      if (num_y > 0 && spec.start) {
        spec.start(chain, row, position.first(num_y));
      } else {
        for (std::size_t j = 0; j < num_y; ++j) {
          position[j] = y(row, static_cast<Index>(j));
        }
      }
      random_position(shape.z, seed, chain, position.subspan(num_y));
    };
  }

  Renewal renewal() const {
    if (!spec.replay) {
      return {};
    }
    return {spec.replay->every(),
            [this](std::uint64_t time, Index first_chain, std::span<std::uint8_t> starts) {
              spec.replay->choose(time, first_chain, starts);
            },
            [this](std::uint64_t time, Index chain, std::span<double> position) {
              const auto num_y = shape.y.size();
              spec.replay->start(time, chain, chain % y.rows(), position.first(num_y));
              random_position(shape.z, seed, chain, position.subspan(num_y), time);
            }};
  }

  Phase draw(const Schedule& schedule, const PhaseLooks& looks) override {
    mean_sums.clear();  // or both would be in memory at once
    cell_sums.clear();
    BlockSums sums(static_cast<std::size_t>(chains.plan().num_blocks()));
    trace = new_trace(schedule.draws);
    if (looks.after.empty()) {
      advance(schedule, sums);
      return watched(phase_of(sums, schedule.draws, 0));
    }
    const RunCounts before = chains.counts();
    advance({schedule.warmup, 0, schedule.thin}, sums);
    const std::int64_t warmup = evaluations(chains.counts()) - evaluations(before);
    Index drawn = 0;
    for (const Index after : looks.after) {
      advance({0, after - drawn, schedule.thin}, sums);
      drawn = after;
      looks.look(phase_of(sums, drawn, warmup));
    }
    advance({0, schedule.draws - drawn, schedule.thin}, sums);
    return watched(phase_of(sums, schedule.draws, warmup));
  }

  Phase watched(Phase phase) const {
    phase.suspects = suspects();
    phase.energies = trace.energies();
    return phase;
  }

  bool starts_anew() const { return spec.restart || spec.replay.has_value(); }

  EnergyTrace new_trace(Index draws) const {
    if (starts_anew()) {
      return {};
    }
    const bool have_own_laws = spec.clamp_y || shape.num_x > 0;
    return {KeptChains(spec.replicates.chains(), have_own_laws ? y.rows() : 1), draws,
            chains.plan().num_blocks()};
  }

  ReplicateMean draw_mean(const Schedule& schedule, bool with_errors) override {
    begin(mean_sums);
    if (with_errors) {
      begin(cell_sums);
    }
    trace = spec.keep_energies ? new_trace(schedule.draws) : EnergyTrace{};
    EnergyTrace* energies = spec.keep_energies ? &trace : nullptr;
    chains.advance(
        schedule,
        [&](Index block, Index first_chain, Index live) {
          auto& whole = mean_sums[static_cast<std::size_t>(block)];
          if (!whole) {
            whole = new_sums(Replicates::as_one(spec.replicates.chains()), first_chain, live, {});
          }
          auto* parts = with_errors ? &cell_sums[static_cast<std::size_t>(block)] : nullptr;
          if (parts != nullptr && !*parts) {
            *parts = new_sums(spec.replicates, first_chain, live, {});
          }
          return std::make_unique<PartOfSums<Scalar>>(*whole,
                                                      parts != nullptr ? parts->get() : nullptr,
                                                      watchers_of(block, first_chain, energies));
        },
        spec.restart);
    ReplicateMean result;
    if (with_errors) {
      Eigen::VectorXd of_several;
      result = combine(spec.replicates, shape.num_params, [&](Index cell) {
        return sum_of_cell(cell_sums, cell, schedule.draws, of_several);
      });
    }
    result.mean = mean_of_sums(schedule.draws);
    return result;
  }

  // one set of sums for all calls: in an update of training their memory costs as much as they do
  void begin(BlockSums& all) const {
    all.resize(static_cast<std::size_t>(chains.plan().num_blocks()));
    for (const auto& sums : all) {
      if (sums) {
        sums->forget();
      }
    }
  }

  Eigen::VectorXd mean_of_sums(Index draws) const {
    Eigen::VectorXd mean = mean_sums.front()->sum_of(0);
    for (std::size_t b = 1; b < mean_sums.size(); ++b) {
      mean += mean_sums[b]->sum_of(0);
    }
    mean /= static_cast<double>(spec.replicates.chains() * draws);
    return mean;
  }

  std::pair<std::size_t, std::size_t> blocks_of(Index cell) const {
    const Index last_chain = spec.replicates.first_chain(cell + 1) - 1;
    return {static_cast<std::size_t>(spec.replicates.first_chain(cell) / settings.block_width),
            static_cast<std::size_t>(last_chain / settings.block_width)};
  }

  Phase couple(const CoupledSchedule& schedule) override {
    CoupledChains<Scalar> pairs(setup, kernel, settings);
    BlockSums sums(static_cast<std::size_t>(pairs.plan().num_blocks()));
    pairs.run(schedule, [&](Index block, Index first_chain, Index live) {
      sums[static_cast<std::size_t>(block)] =
          new_sums(spec.replicates, first_chain, live, reference);
      return std::make_unique<SumsOfPairs<Scalar>>(*sums[static_cast<std::size_t>(block)]);
    });
    Phase phase = phase_of(sums, schedule.draws, 0);
    phase.counts = pairs.counts();
    phase.start_up = summarise(pairs.meetings(), schedule.warmup);
    return phase;
  }

  std::unique_ptr<ParamGradSums<Scalar>> new_sums(const Replicates& replicates, Index first_chain,
                                                  Index live, const Eigen::VectorXd& about) const {
    return std::make_unique<ParamGradSums<Scalar>>(replicates, shape, beta, about,
                                                   settings.block_width, first_chain, live);
  }

  static std::int64_t evaluations(const RunCounts& counts) {
    return counts.energy_evaluations + counts.gradient_evaluations;
  }

  void advance(const Schedule& schedule, BlockSums& sums) {
    chains.advance(
        schedule,
        [&](Index block, Index first_chain, Index live) {
          auto& own = sums[static_cast<std::size_t>(block)];
          if (!own) {
            own = new_sums(spec.replicates, first_chain, live, reference);
          }
          return std::make_unique<PartOfSums<Scalar>>(*own, nullptr,
                                                      watchers_of(block, first_chain, &trace));
        },
        spec.restart);
  }

  // blocks in their order; a cell of several blocks is summed in `of_several`
  CellSum sum_of_cell(const BlockSums& blocks, Index cell, Index draws,
                      Eigen::VectorXd& of_several) const {
    const auto [first, last] = blocks_of(cell);
    const double scale = 1 / static_cast<double>(spec.replicates.cell_size(cell) * draws);
    if (first == last) {
      return {blocks[first]->sum_of(cell), scale};
    }
    of_several = blocks[first]->sum_of(cell);
    for (std::size_t b = first + 1; b <= last; ++b) {
      of_several += blocks[b]->sum_of(cell);
    }
    return {of_several, scale};
  }

  // [P x cells]
  Eigen::MatrixXd cell_means(const BlockSums& blocks, Index draws) const {
    Eigen::MatrixXd cells(shape.num_params, spec.replicates.cells());
    Eigen::VectorXd of_several;
    for (Index cell = 0; cell < cells.cols(); ++cell) {
      const CellSum found = sum_of_cell(blocks, cell, draws, of_several);
      cells.col(cell) = found.scale * found.sum;
    }
    return cells;
  }

  Phase phase_of(const BlockSums& blocks, Index draws, std::int64_t warmup_evaluations) const {
    const Replicates& replicates = spec.replicates;
    Eigen::VectorXd square = Eigen::VectorXd::Zero(shape.num_params), shifted = square;
    Index samples = 0;
    for (const auto& sums : blocks) {
      square += sums->square_sum();
      shifted += sums->shifted_sum();
      samples += sums->samples();
    }
    Eigen::MatrixXd cells = cell_means(blocks, draws);
    Phase phase;
    phase.gradient = combine(replicates, cells);
    phase.counts = chains.counts();
    phase.warmup_evaluations = warmup_evaluations;
    phase.chains = replicates.chains();
    phase.draws = draws;
    phase.marginal_variance = marginal_variance(phase.gradient, square, shifted, samples);
    phase.replicates = replicates;
    phase.cell_means = std::move(cells);
    return phase;
  }

  // within rows: E[g^2] - mean_r (row mean)^2; both about the reference, against cancellation
  Eigen::VectorXd marginal_variance(const ReplicateMean& g, const Eigen::VectorXd& square,
                                    const Eigen::VectorXd& shifted, Index samples) const {
    const auto n = static_cast<double>(samples);
    const Eigen::VectorXd between =
        spec.replicates.rows() > 0
            ? Eigen::VectorXd(g.mean_square - 2 * reference.cwiseProduct(g.mean) +
                              reference.cwiseAbs2())
            : Eigen::VectorXd((shifted / n).cwiseAbs2());
    // n squares are added up to n eps of themselves: what is less is a component that was not seen
    // to move, and has no variance
    const double rounding = 2 * n * std::numeric_limits<double>::epsilon();
    const Eigen::VectorXd variance = square / n - between;
    return (variance.array() > rounding * square.array() / n).select(variance, 0.0);
  }

  Eigen::MatrixXd draw_y(const Schedule& schedule) override {
    const Index live_chains = spec.replicates.chains();
    Eigen::MatrixXd all(schedule.draws * live_chains, shape.num_y());
    chains.advance(
        schedule,
        [&](Index block, Index first_chain, Index) {
          return std::make_unique<KeepY<Scalar>>(all, live_chains,
                                                 watchers_of(block, first_chain, nullptr));
        },
        spec.restart);
    return all;
  }
  void step(Index steps) override { chains.advance({steps, 0, 1}, {}); }
  PerChain energies() const override { return chains.energies(); }
  const KeptEnergies& energies_of_draws() const override { return trace.energies(); }
  Eigen::MatrixXd present_y() const override {
    Eigen::MatrixXd all = chains.positions();
    if (all.cols() > shape.num_y()) {
      all.conservativeResize(Eigen::NoChange, shape.num_y());
    }
    return all;
  }
  void rebind(const AnyModel& model) override {
    setup.bind = bind(model);
    chains.rebind(setup.bind);
  }
  const RunCounts& counts() const override { return chains.counts(); }
  void save(SavedState& state) const override {
    chains.save(state, spec.role);
    for (std::size_t b = 0; b < watches.size(); ++b) {
      watches[b].save(state, fmt::format("{}/watch/{}", spec.role, b));
    }
  }
  void restore(const SavedState& state) override {
    chains.restore(state, spec.role);
    for (std::size_t b = 0; b < watches.size(); ++b) {
      watches[b].restore(state, fmt::format("{}/watch/{}", spec.role, b));
    }
  }

  Watchers watchers_of(Index block, Index first_chain, EnergyTrace* energies) {
    const bool have_own_laws = spec.restart || spec.clamp_y;
    return {have_own_laws ? nullptr : &watches[static_cast<std::size_t>(block)],
            starts_anew() ? nullptr : energies, block, first_chain};
  }
  SuspectChains suspects() const override {
    std::vector<ChainWatch::Chain> all;
    for (const ChainWatch& watch : watches) {
      all.insert(all.end(), watch.chains().begin(), watch.chains().end());
    }
    std::vector<Column> columns = shape.y;
    columns.insert(columns.end(), shape.z.begin(), shape.z.end());
    return find_suspects(all, columns, shape.num_x > 0 ? y.rows() : 1);
  }

  ModelShape shape;
  Eigen::MatrixXd x, y;
  double beta;
  PhaseSpec spec;
  RunSettings settings;
  std::uint64_t seed;
  Eigen::VectorXd reference;
  AnyKernel<Scalar> kernel;
  ChainSetup<Scalar> setup;
  Chains<Scalar> chains;
  std::vector<ChainWatch> watches;  ///< one a block
  BlockSums mean_sums, cell_sums;   ///< of draw_mean()
  EnergyTrace trace;                ///< of the last draw()
};

PhaseChains::PhaseChains(const Problem& problem, const AnySampler& sampler, PhaseSpec spec,
                         const RunSettings& settings) {
  check_phase_memory(problem.model.shape(), spec.replicates, settings);
  if (settings.precision == Precision::float32) {
    self_ = std::make_unique<Typed<float>>(problem, sampler, std::move(spec), settings);
  } else {
    self_ = std::make_unique<Typed<double>>(problem, sampler, std::move(spec), settings);
  }
}
PhaseChains::~PhaseChains() = default;
PhaseChains::PhaseChains(PhaseChains&&) noexcept = default;
Phase PhaseChains::draw(const Schedule& schedule, const PhaseLooks& looks) {
  return self_->draw(schedule, looks);
}
ReplicateMean PhaseChains::draw_mean(const Schedule& schedule, bool with_errors) {
  return self_->draw_mean(schedule, with_errors);
}
Phase PhaseChains::couple(const CoupledSchedule& schedule) { return self_->couple(schedule); }
Eigen::MatrixXd PhaseChains::draw_y(const Schedule& schedule) { return self_->draw_y(schedule); }
void PhaseChains::step(Index steps) { self_->step(steps); }
PerChain PhaseChains::energies() const { return self_->energies(); }
const KeptEnergies& PhaseChains::energies_of_draws() const { return self_->energies_of_draws(); }
Eigen::MatrixXd PhaseChains::present_y() const { return self_->present_y(); }
void PhaseChains::rebind(const AnyModel& model) { self_->rebind(model); }
const RunCounts& PhaseChains::counts() const { return self_->counts(); }
SuspectChains PhaseChains::suspects() const { return self_->suspects(); }
void PhaseChains::save(SavedState& state) const { self_->save(state); }
void PhaseChains::restore(const SavedState& state) { self_->restore(state); }

double Phase::squared_error_along(const Eigen::VectorXd& direction) const {
  return replicates ? combine(*replicates, direction.transpose() * cell_means).squared_error[0] : 0;
}

double bytes_of_cell_means(const ModelShape& shape, const Replicates& replicates) {
  return sizeof(double) * static_cast<double>(shape.num_params) *
         static_cast<double>(replicates.cells());
}

void check_phase_memory(const ModelShape& shape, const Replicates& replicates,
                        const RunSettings& settings, double kept) {
  const Index chains = replicates.chains(), cells = replicates.cells();
  const Index blocks = BlockPlan{chains, settings.block_width}.num_blocks();
  // ParamGradSums: a sum a cell (of one chain, or of a group: then one in every block that it
  // touches), 4 vectors more a block; and the mean of each cell
  const double sums =
      2 * static_cast<double>(cells) + (cells == chains ? 0 : static_cast<double>(blocks));
  const double bytes = bytes_of_chains(chains, shape.num_y() + shape.num_z(), settings.precision) +
                       sizeof(double) * static_cast<double>(shape.num_params) *
                           (sums + 4 * static_cast<double>(blocks));
  check_memory(bytes + kept,
               fmt::format("{} chains of {} columns with their sums over {} parameters take",
                           chains, shape.num_y() + shape.num_z(), shape.num_params));
}

Phase exact_phase(Eigen::VectorXd mean) {
  const Index n = mean.size();
  const double inf = std::numeric_limits<double>::infinity();
  Phase phase;
  phase.gradient.mean_square = mean.cwiseAbs2();
  phase.gradient.mean = std::move(mean);
  phase.gradient.squared_error = Eigen::VectorXd::Zero(n);
  phase.gradient.degrees_of_freedom = Eigen::VectorXd::Constant(n, inf);
  phase.marginal_variance = Eigen::VectorXd::Constant(n, std::numeric_limits<double>::quiet_NaN());
  return phase;
}

StartFunction start_at_random_rows(const Problem& problem, std::uint64_t seed) {
  return [y = problem.y, seed](Index chain, Index, std::span<double> start) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(chain), 0, Purpose::data);
    boost::random::uniform_int_distribution<Index> any_row(0, y.rows() - 1);
    const Index row = any_row(engine);
    for (std::size_t j = 0; j < start.size(); ++j) {
      start[j] = y(row, static_cast<Index>(j));
    }
  };
}

StartFunction start_at_noise(const Problem& problem, std::uint64_t seed) {
  return [columns = problem.model.shape().y, seed](Index chain, Index, std::span<double> start) {
    random_position(columns, seed, chain, start);
  };
}

}  // namespace negphase
