#include "negphase/gradient/importance.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "negphase/core/memory.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

Index rows_of(const Problem& p) { return p.model.shape().num_x > 0 ? p.rows() : 1; }

Replicates replicates_of(const Problem& p, const ImportancePlan& plan) {
  return Replicates::by_row(rows_of(p), plan.replicates);
}

/// One replicate on one row.
class Cell {
 public:
  Cell(const Problem& p, const AnyPrepared& prepared, const Proposal& proposal,
       const ImportancePlan& plan, Index width, std::uint64_t seed, Index number)
      : row_(number % rows_of(p)),
        width_(std::min(width, plan.draws)),
        beta_(p.beta),
        energy_(free_energy(p, prepared)),
        y_(plan.draws, p.model.shape().num_y()),
        weights_(plan.draws) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(number), 0, Purpose::exact);
    draw(proposal, engine);
    normalise();
  }

  double log_mean_weight() const { return log_mean_weight_; }
  double weight_share() const { return share_; }
  std::int64_t nan_draws() const { return nan_draws_; }

  Eigen::VectorXd mean() const {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(energy_.num_params());
    each_block([&](const Block<double>& y, Index first, Index count) {
      PerChain weights = PerChain::Zero(width_);
      weights.head(count) = weights_.segment(first, count);
      energy_.add_param_grad(y, {0, count}, weights, sum);
    });
    return sum;
  }

  // sum w (g - reference)^2 - (mean - reference)^2
  Eigen::VectorXd variance(const Eigen::VectorXd& mean, const Eigen::VectorXd& reference) const {
    Eigen::VectorXd square = Eigen::VectorXd::Zero(mean.size()), one(mean.size());
    const PerChain ones = PerChain::Ones(width_);
    each_block([&](const Block<double>& y, Index first, Index count) {
      for (Index s = 0; s < count; ++s) {
        one.setZero();
        energy_.add_param_grad(y, {s, 1}, ones, one);
        square += weights_[first + s] * (one - reference).cwiseAbs2();
      }
    });
    return (square - (mean - reference).cwiseAbs2()).cwiseMax(0);
  }

 private:
  AnyEnergy<double> free_energy(const Problem& p, const AnyPrepared& prepared) const {
    const std::vector<Index> rows(static_cast<std::size_t>(width_), row_);
    AnyEnergy<double> joint = p.model.bind_double(prepared, rows);
    const ModelShape shape = p.model.shape();
    return shape.z.empty() ? std::move(joint) : joint.summed_out(latent_columns(shape), p.beta);
  }

  void draw(const Proposal& proposal, StreamEngine& engine) {
    std::vector<double> y(static_cast<std::size_t>(y_.cols()));
    for (Index s = 0; s < y_.rows(); ++s) {
      proposal.draw(row_, engine, y);
      const double log_q = proposal.log_density(row_, y);
      if (!std::isfinite(log_q)) {
        throw UsageError(fmt::format("proposal: the log density of its own draw is {}", log_q));
      }
      weights_[s] = -log_q;
      for (Index j = 0; j < y_.cols(); ++j) {
        y_(s, j) = y[static_cast<std::size_t>(j)];
      }
    }
  }

  // log weights, shifted by the largest (M14), become weights with sum 1
  void normalise() {
    each_block([&](const Block<double>& y, Index first, Index count) {
      PerChain e(width_);
      energy_.energy(y, e);
      for (Index s = 0; s < count; ++s) {
        weights_[first + s] = log_weight(weights_[first + s], e[s]);
      }
    });
    const double largest = weights_.maxCoeff();
    if (largest == -inf) {
      throw ModelError(fmt::format(
          "importance sampling: none of {} draws of the proposal has a probability under the "
          "model; take a wider proposal, or more draws",
          weights_.size()));
    }
    // exp(-inf) is 0 on some machines only
    weights_ = (weights_ == -inf).select(0.0, (weights_ - largest).exp());
    const double sum = weights_.sum();
    const auto draws = static_cast<double>(weights_.size());
    log_mean_weight_ = largest + std::log(sum / draws);
    share_ = sum * sum / weights_.square().sum() / draws;
    weights_ /= sum;
  }

  double log_weight(double minus_log_q, double energy) {
    if (energy == -inf) {
      throw ModelError(
          "importance sampling: a draw has energy -inf: the model is not normalisable");
    }
    if (std::isnan(energy)) {
      ++nan_draws_;
      return -inf;
    }
    return minus_log_q - beta_times(beta_, energy);
  }

  // the last block is filled up with its first draw, whose copies count for nothing
  void each_block(const auto& work) const {
    Block<double> y(width_, y_.cols());
    for (Index first = 0; first < y_.rows(); first += width_) {
      const Index count = std::min(width_, y_.rows() - first);
      for (Index c = 0; c < width_; ++c) {
        y.row(c) = y_.row(first + (c < count ? c : 0));
      }
      work(y, first, count);
    }
  }

  Index row_, width_;
  double beta_;
  AnyEnergy<double> energy_;
  Block<double> y_;         ///< [draws x num_y]
  Eigen::ArrayXd weights_;  ///< [draws]
  double log_mean_weight_ = 0, share_ = 0;
  std::int64_t nan_draws_ = 0;
};

void check_nan_draws(std::int64_t nan, double draws, bool strict) {
  if (static_cast<double>(nan) > (strict ? 0 : 1e-3 * draws)) {
    throw ModelError(fmt::format(
        "importance sampling: {} of {:.0f} draws had energy NaN (allowed: {}); the model's energy "
        "is undefined at places that the proposal reaches",
        nan, draws, strict ? "none, as --strict was given" : "one in 1000"));
  }
}

double largest_of(const Eigen::ArrayXd& values, Index row, Index rows) {
  double largest = -inf;
  for (Index cell = row; cell < values.size(); cell += rows) {
    largest = std::max(largest, values[cell]);
  }
  return largest;
}

// log of the mean weight over all replicates of a row
Eigen::ArrayXd log_z_of_rows(const ImportancePhase& phase) {
  const Index rows = phase.replicates.rows();
  Eigen::ArrayXd log_z(rows);
  for (Index row = 0; row < rows; ++row) {
    const double largest = largest_of(phase.log_mean_weight, row, rows);
    double sum = 0;
    for (Index cell = row; cell < phase.log_mean_weight.size(); cell += rows) {
      sum += std::exp(phase.log_mean_weight[cell] - largest);
    }
    const auto replicates = static_cast<double>(phase.replicates.cells() / rows);
    log_z[row] = largest + std::log(sum / replicates);
  }
  return log_z;
}

double share_of_worst_row(const ImportancePhase& phase) {
  const Index rows = phase.replicates.rows(), replicates = phase.replicates.cells() / rows;
  // cell = row + replicate x rows
  return phase.weight_share.reshaped(rows, replicates).rowwise().mean().minCoeff();
}

// Each replicate's ratio has a bias of b / S, all draws in one ratio have b / (S M): their
// difference shows it.
Eigen::VectorXd bias_of_replicates(const ImportancePhase& phase, const Eigen::VectorXd& mean) {
  const Eigen::ArrayXd log_z = log_z_of_rows(phase);
  const Index rows = phase.replicates.rows(), cells = phase.replicates.cells();
  Eigen::VectorXd pooled = Eigen::VectorXd::Zero(mean.size());
  for (Index cell = 0; cell < cells; ++cell) {
    pooled += std::exp(phase.log_mean_weight[cell] - log_z[cell % rows]) /
              static_cast<double>(cells) * phase.cell_means.col(cell);
  }
  const auto replicates = static_cast<double>(cells / rows);
  return (mean - pooled) / (1 - 1 / replicates);
}

void warn(GradientEstimate& e, const ImportancePhase& phase, const ImportancePlan& plan) {
  const LossEstimate& loss = *e.loss;
  if (loss.weight_share < 0.1) {
    e.warnings.push_back(
        {"low_weight_share",
         fmt::format("the weights of the worst row are worth {:.2g} % of its draws, below 10 %: a "
                     "few draws decide, and the error bars may be too small; take a proposal "
                     "nearer to the model, or another width",
                     100 * loss.weight_share),
         true});
  }
  const double bias = bias_of_replicates(phase, e.negative).norm();
  e.warnings.push_back(
      {"ratio_bias",
       fmt::format("error bars come from {} replicates of {} draws{}; each replicate is a ratio "
                   "with a bias of order 1/draws (M8) that they do not see: about {:.2g} in "
                   "length, beside a standard error of {:.2g}",
                   plan.replicates, plan.draws, phase.replicates.rows() > 1 ? " on each row" : "",
                   bias, e.standard_error.norm())});
  e.warnings.push_back(
      {"jensen_bias",
       fmt::format("the NLL is {:.6g} +- {:.2g}; the logarithm of a mean lies below the truth on "
                   "average (Jensen), here by about {:.2g}",
                   loss.nll, loss.standard_error, -loss.jensen_bias)});
}

}  // namespace

void check_importance(const Problem& p, const ImportancePlan& plan, const RunSettings& run) {
  if (!positive_has_closed_form(p)) {
    throw ConfigError(
        "importance sampling needs the free energy: z cannot be summed out of this "
        "model");
  }
  const Replicates replicates = replicates_of(p, plan);
  if (!plan.few_replicates && replicates.most_degrees_of_freedom() < 15) {
    throw ConfigError(fmt::format(
        "importance sampling: replicates = {} on {} row{} leave {} degrees of freedom; an error "
        "bar needs at least 15: take replicates >= {}, or say few_chains = true to accept a poor "
        "one",
        plan.replicates, replicates.rows(), replicates.rows() == 1 ? "" : "s",
        replicates.most_degrees_of_freedom(),
        std::max<Index>(2, 1 + (14 + replicates.rows()) / replicates.rows())));
  }
  const ModelShape shape = p.model.shape();
  const auto cells = static_cast<double>(replicates.cells());
  const double one_cell = static_cast<double>(plan.draws) * static_cast<double>(shape.num_y() + 1);
  const double bytes = sizeof(double) * (cells * (static_cast<double>(shape.num_params) + 2) +
                                         static_cast<double>(run.executor->threads()) * one_cell);
  check_memory(
      bytes, fmt::format("{} draws on {} threads, and {} means of {} parameters, take", plan.draws,
                         run.executor->threads(), replicates.cells(), shape.num_params));
}

ImportancePhase draw_importance(const Problem& p, const Proposal& proposal,
                                const ImportancePlan& plan, const RunSettings& run,
                                const Eigen::VectorXd& reference) {
  ImportancePlan any = plan;
  any.few_replicates = true;
  check_importance(p, any, run);
  ImportancePhase phase;
  phase.replicates = replicates_of(p, plan);
  const Index cells = phase.replicates.cells(), components = p.model.shape().num_params;
  phase.cell_means.resize(components, cells);
  phase.log_mean_weight.resize(cells);
  phase.weight_share.resize(cells);
  Eigen::MatrixXd variances(reference.size(), reference.size() > 0 ? cells : 0);
  Eigen::Array<std::int64_t, Eigen::Dynamic, 1> nan_draws(cells);
  const AnyPrepared prepared = p.model.prepare(p.x);
  run.executor->for_each(cells, [&](Index i) {
    if (run.stop != nullptr && run.stop->stopped()) {
      return;
    }
    const Cell cell(p, prepared, proposal, plan, run.block_width,
                    derive_seed(run.seed, "importance"), i);
    phase.cell_means.col(i) = cell.mean();
    phase.log_mean_weight[i] = cell.log_mean_weight();
    phase.weight_share[i] = cell.weight_share();
    nan_draws[i] = cell.nan_draws();
    if (reference.size() > 0) {
      variances.col(i) = cell.variance(phase.cell_means.col(i), reference);
    }
  });
  if (run.stop != nullptr && run.stop->stopped()) {
    throw Stopped("stopped on request");
  }
  phase.nan_draws = nan_draws.sum();
  check_nan_draws(phase.nan_draws, static_cast<double>(cells) * static_cast<double>(plan.draws),
                  run.strict);
  if (reference.size() > 0) {
    phase.marginal_variance = variances.rowwise().mean();
  }
  return phase;
}

LossEstimate loss_of(const ImportancePhase& phase, double mean_free_energy, double beta) {
  const Eigen::ArrayXd log_z = log_z_of_rows(phase);
  const Index rows = log_z.size();
  Eigen::MatrixXd relative(1, phase.replicates.cells());  // weights about the row's own mean
  for (Index cell = 0; cell < relative.cols(); ++cell) {
    relative(0, cell) = std::exp(phase.log_mean_weight[cell] - log_z[cell % rows]);
  }
  // the delta method: the relative error of a mean is the error of its logarithm
  const ReplicateMean mean = combine(phase.replicates, relative);
  LossEstimate loss;
  loss.log_z = log_z.mean();
  loss.nll = mean_free_energy + loss.log_z / beta;
  loss.standard_error = std::sqrt(mean.squared_error[0]) / beta;
  loss.degrees_of_freedom = mean.degrees_of_freedom[0];
  // mean over the rows of var_r / 2, where SE^2 = sum var_r / rows^2
  loss.jensen_bias = -mean.squared_error[0] * static_cast<double>(rows) / 2 / beta;
  loss.weight_share = share_of_worst_row(phase);
  return loss;
}

GradientEstimate estimate_by_importance(const Problem& p, const Proposal& proposal,
                                        const ImportancePlan& plan, const RunSettings& run,
                                        const Milestones& milestones) {
  const auto begin = std::chrono::steady_clock::now();
  const auto positive = solve_positive(p.model, p.x, p.y, p.beta, *run.executor);
  const ImportancePhase phase = draw_importance(p, proposal, plan, run, positive->mean_param_grad);
  const ReplicateMean negative = combine(phase.replicates, phase.cell_means);
  GradientEstimate e;
  e.positive = positive->mean_param_grad;
  e.negative = negative.mean;
  e.mean = e.positive - e.negative;
  e.standard_error = negative.squared_error.cwiseSqrt();
  e.degrees_of_freedom = negative.degrees_of_freedom;
  e.effective_size = (negative.squared_error.array() > 0 && phase.marginal_variance.array() > 0)
                         .select(phase.marginal_variance.array() / negative.squared_error.array(),
                                 std::numeric_limits<double>::quiet_NaN())
                         .matrix();
  e.chains = phase.replicates.cells();
  e.draws = plan.draws;
  e.energy_evaluations = e.chains * e.draws;
  e.nan_proposals = phase.nan_draws;
  e.loss = loss_of(phase, positive->mean_free_energy, p.beta);
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (milestones.points > 0) {
    const auto error_along = [&](const Eigen::VectorXd& direction) {
      return std::sqrt(
          combine(phase.replicates, direction.transpose() * phase.cell_means).squared_error[0]);
    };
    milestones.report({e, error_along});
  }
  warn(e, phase, plan);
  return e;
}

}  // namespace negphase
