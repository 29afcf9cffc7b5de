#include "negphase/gradient/training_health.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "negphase/exact/total_variation.hpp"
#include "negphase/gradient/criteria/criterion_objective.hpp"
#include "negphase/gradient/losses.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/run/random_position.hpp"

namespace negphase {

namespace {

constexpr double unknown = HealthLook::unknown;
constexpr Index most_rows = 64;
constexpr double most_states_of_law = 1 << 12;

// Rules of thumb, each said in its finding's text.
constexpr double flat = 0.4;           // of beta F: log of odds of 1.5
constexpr double explosion = 1e6;      // of energies, over what they were or should be
constexpr double needle_width = 0.05;  // of the spread of y
constexpr double growth = 2;           // of the curvature over the second half
constexpr double wide_gap = 5;         // deviations of both sides together
constexpr double level = 1e-6;         // of the bound on chance for chains_off_law

Problem some_rows(const Problem& problem) {
  const Index rows = problem.rows(), kept = std::min(rows, most_rows);
  std::vector<Index> which;
  for (Index i = 0; i < kept; ++i) {
    which.push_back(i * rows / kept);
  }
  return {problem.model, problem.x(which, Eigen::all), problem.y(which, Eigen::all), problem.beta};
}

double spread_of_real_columns(const Problem& problem) {
  const std::vector<Column> columns = problem.model.shape().y;
  double sum = 0, count = 0;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].kind == ColumnKind::real) {
      const auto y = problem.y.col(static_cast<Index>(j)).array();
      sum += (y - y.mean()).square().mean();
      ++count;
    }
  }
  return count > 0 ? std::sqrt(sum / count) : 0;
}

double mean(const Eigen::VectorXd& values) { return values.mean(); }
double deviation(const Eigen::VectorXd& values) {
  return std::sqrt((values.array() - values.mean()).square().mean());
}

bool has_free_energy(const FreeEnergies& energies) {
  try {
    energies.check();
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

}  // namespace

TrainingHealth::TrainingHealth(const Problem& problem, const Options& train,
                               const RunSettings& settings)
    : sample_(some_rows(problem)),
      train_(train),
      settings_(settings),
      updates_(train.integer("updates")),
      spread_of_y_(spread_of_real_columns(problem)),
      rows_(problem.model.shape().num_x > 0 ? problem.rows() : 1),
      gradient_sum_(Eigen::VectorXd::Zero(problem.model.shape().num_params)) {}

bool TrainingHealth::is_due(std::int64_t update) const {
  for (int quarter = 0; quarter <= 4; ++quarter) {
    if (update == std::max<std::int64_t>(1, updates_ * quarter / 4)) {
      return true;
    }
  }
  return false;
}

void TrainingHealth::look(const AnyModel& model, const Problem& batch, const Negatives& negatives,
                          std::int64_t update) {
  HealthLook look;
  look.update = static_cast<double>(update);
  look_at_energies(model, batch, negatives, look);
  look_at_answers(model, look);
  look.curvature = curvature(model);
  look_at_law(model, negatives, look);
  looks_.push_back(look);
}

void TrainingHealth::look_at_energies(const AnyModel& model, const Problem& batch,
                                      const Negatives& negatives, HealthLook& look) const {
  const FreeEnergies energies(model, batch.x, batch.rows(), batch.beta, LatentRule::sum,
                              *settings_.executor);
  if (!has_free_energy(energies)) {
    return;
  }
  const Eigen::VectorXd of_data = energies.at(energies.completed(batch.y));
  look.data_energy = mean(of_data);
  look.data_spread = deviation(of_data);
  if (negatives.y.rows() > 0) {
    const Eigen::VectorXd of_negatives = energies.at(energies.completed(negatives.y));
    look.negative_energy = mean(of_negatives);
    look.negative_spread = deviation(of_negatives);
  }
}

/// Three answers a row: its own, that of a row half of the way around, noise (N(0, 2^2) about the
/// mean for real columns, in units of their spread).
Eigen::MatrixXd TrainingHealth::other_answers() const {
  const std::vector<Column> columns = sample_.model.shape().y;
  const Index rows = sample_.rows();
  const std::uint64_t seed = derive_seed(settings_.seed, "health");
  Eigen::MatrixXd all(3 * rows, sample_.y.cols());
  all.topRows(rows) = sample_.y;
  std::vector<double> noise(columns.size());
  for (Index r = 0; r < rows; ++r) {
    all.row(rows + r) = sample_.y.row((r + (rows + 1) / 2) % rows);
    random_position(columns, seed, r, noise);
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const auto column = static_cast<Index>(j);
      const bool is_real = columns[j].kind == ColumnKind::real;
      all(2 * rows + r, column) =
          is_real ? sample_.y.col(column).mean() + 2 * spread_of_y_ * noise[j] : noise[j];
    }
  }
  return all;
}

void TrainingHealth::look_at_answers(const AnyModel& model, HealthLook& look) const {
  const Index rows = sample_.rows();
  const FreeEnergies energies(model, sample_.x, rows, sample_.beta, LatentRule::sum,
                              *settings_.executor);
  if (!has_free_energy(energies)) {
    return;
  }
  const Eigen::VectorXd all = energies.at(energies.completed(other_answers()));
  double sum = 0;
  for (Index r = 0; r < rows; ++r) {
    const Eigen::Array3d three(all[r], all[rows + r], all[2 * rows + r]);
    sum += (three - three.mean()).square().mean();
  }
  look.contrast = sample_.beta * std::sqrt(sum / static_cast<double>(rows));
  if (sample_.x.cols() > 0) {
    look.preference = sample_.beta * (all.segment(rows, rows) - all.head(rows)).mean();
  }
}

// central differences of dF/dy: error of order step^2 F'''' / 6 beside rounding of 1e-16 F' / step
double TrainingHealth::curvature(const AnyModel& model) const {
  const ModelShape shape = model.shape();
  const Index rows = sample_.rows();
  std::vector<Index> row_of_chain;
  for (Index r = 0; r < rows; ++r) {
    row_of_chain.push_back(shape.num_x > 0 ? r : 0);
  }
  AnyEnergy<double> energy = model.bind_double(model.prepare(sample_.x), row_of_chain);
  if (!shape.z.empty()) {
    const std::vector<Index> latents = latent_columns(shape);
    if (!energy.can_sum_out(latents)) {
      return unknown;
    }
    energy = energy.summed_out(latents, sample_.beta);
  }
  if (spread_of_y_ == 0 || !energy.can(Ability::gradient)) {
    return unknown;
  }
  const double step = 1e-5 * std::max(spread_of_y_, 1e-3);
  Block<double> place = sample_.y.array(), up(rows, shape.num_y()), down = up;
  PerChain value(rows), sum = PerChain::Zero(rows);
  double count = 0;
  for (Index j = 0; j < shape.num_y(); ++j) {
    if (shape.y[static_cast<std::size_t>(j)].kind != ColumnKind::real) {
      continue;
    }
    place.col(j) += step;
    energy.energy_and_grad(place, value, up);
    place.col(j) -= 2 * step;
    energy.energy_and_grad(place, value, down);
    place.col(j) += step;
    sum += (up.col(j) - down.col(j)) / (2 * step);
    ++count;
  }
  std::vector<double> by_row(sum.begin(), sum.end());
  std::nth_element(by_row.begin(), by_row.begin() + rows / 2, by_row.end());
  return by_row[static_cast<std::size_t>(rows / 2)] / count;
}

void TrainingHealth::look_at_law(const AnyModel& model, const Negatives& negatives,
                                 HealthLook& look) const {
  const std::string& how = train_.word("gradient");
  if ((how != "pcd" && how != "replay") || negatives.y.rows() == 0) {
    return;
  }
  if (how == "pcd") {  // a replay buffer has ages of its own
    look.chain_age = look.update * static_cast<double>(train_.integer("cd_k"));
  }
  if (!has_law_of_y(model, most_states_of_law)) {
    return;
  }
  const std::vector<Column> columns = model.shape().y;
  const Eigen::ArrayXd law = law_of_y(model, sample_.beta);
  Eigen::ArrayXd shares = Eigen::ArrayXd::Zero(law.size());
  for (Index c = 0; c < negatives.y.rows(); ++c) {
    shares[state_number(columns, negatives.y.row(c))] += 1;
  }
  const auto chains = static_cast<double>(negatives.y.rows());
  look.distance = total_variation(shares / chains, law);
  look.distance_floor = expected_total_variation(law, chains);
}

void TrainingHealth::follow(const Eigen::VectorXd& gradient, std::int64_t update) {
  if (update > updates_ - updates_ / 10) {
    gradient_sum_ += gradient;
    square_sum_ += gradient.squaredNorm();
    ++followed_;
  }
}

bool TrainingHealth::wants_energies(std::int64_t update) const {
  const std::int64_t since = update - updates_ / 2;
  const std::int64_t every =
      std::max<std::int64_t>(1, (updates_ - updates_ / 2) / EnergyTrace::enough_draws);
  return since > 0 && since % every == 0;
}

void TrainingHealth::take_energies(const PerChain& energies) {
  const KeptChains kept(energies.size(), rows_);
  if (kept.count() == 0) {
    return;
  }
  const Index looks = energies_.values.rows();
  energies_.rows = kept.rows();
  energies_.values.conservativeResize(looks + 1, kept.count());
  for (Index c = 0; c < energies.size(); ++c) {
    if (const Index place = kept.place_of(c); place >= 0) {
      energies_.values(looks, place) = energies[c];
    }
  }
}

Mixing TrainingHealth::mixing() const { return check_mixing_in_training(energies_); }

double TrainingHealth::signal_to_noise() const {
  if (followed_ < 20) {
    return unknown;
  }
  const auto n = static_cast<double>(followed_);
  const double mean_square = gradient_sum_.squaredNorm() / (n * n);
  const double variance = (square_sum_ / n - mean_square) / (n - 1);
  return variance > 0 ? std::sqrt(mean_square / variance) : std::numeric_limits<double>::infinity();
}

namespace {

std::string flat_text(const HealthLook& last, bool has_latents) {
  return fmt::format(
      "the energy hardly tells answers apart: beta F varies by {:.2g} among a datum, the y of "
      "another row and noise, and lies {:.2g} higher at the y of another row{}; a loss that only "
      "pushes the data down collapses so: take loss = "
      "\"nll\", a loss with negative examples and a margin{}",
      last.contrast, last.preference, has_latents ? ", so z explains every y" : "",
      has_latents ? ", fewer states of z, or an energy_penalty" : ", or an energy_penalty");
}

double magnitude(const HealthLook& look) {
  double most = 0;
  for (const double energy : {look.data_energy, look.negative_energy}) {
    most = std::max(most, std::isnan(energy) ? 0 : std::abs(energy));
  }
  return most;
}

std::string explosion_text(double before, double now) {
  return fmt::format(
      "the energies explode: mean F of the data or of the negative examples was {:.2g} in the "
      "first update and is {:.2g} in the last: the training diverged; take a smaller "
      "learning_rate, clip, or l2",
      before, now);
}

std::string needle_text(double width, double spread, double before, double now) {
  return fmt::format(
      "the energy is a set of needles at the data: valleys {:.2g} wide where y spreads by {:.2g}, "
      "and {:.2g} times as sharp as at half of the updates; with a continuous y the NLL rewards "
      "that without limit: take data_noise, l2, energy_penalty, or a loss with a margin, and look "
      "at held-out rows",
      width, spread, now / before);
}

std::string gap_text(const HealthLook& last) {
  const bool below = last.negative_energy < last.data_energy;
  return fmt::format(
      "the negative examples lie {:.3g} {} the data in energy, where energies spread by {:.2g} and "
      "{:.2g}: {}",
      std::abs(last.negative_energy - last.data_energy), below ? "below" : "above",
      last.negative_spread, last.data_spread,
      below ? "chains found places that the data never visit; take a smaller learning_rate, more "
              "chains, or start fewer of them at the data"
            : "chains do not come down to where the data are; take more steps (cd_k), a sampler "
              "that moves faster, or a smaller learning_rate");
}

}  // namespace

/// The datum's odds against another answer are what a loss should have raised. Where they are those
/// of a gap d of beta F against both others, their deviation is sqrt(2)/3 d. A margin m that is
/// kept leaves d >= beta m, so a small one is no collapse. The energy loss has nothing that could
/// teach it the law of y apart from x: there the gap to another row's y must be there too, which
/// a confinement of the energy cannot feign as it can a contrast to noise.
bool TrainingHealth::is_flat(const HealthLook& last) const {
  const std::string& name = train_.word("loss");
  double least = flat;
  for (const LossRow& row : losses()) {
    if (row.name == name && row.uses_margin) {
      least *= std::min(1.0, sample_.beta * train_.real("margin"));
    }
  }
  const bool knows_x = name != "energy" || !(last.preference < least);
  return last.contrast < std::numbers::sqrt2 / 3 * least || !knows_x;
}

/// Where energies have grown a millionfold over the first ones, the margin and 1 / beta (the scale
/// on which energies matter at all), a training has diverged, be every number finite still.
bool TrainingHealth::explodes() const {
  const double scale =
      std::max({magnitude(looks_.front()), train_.real("margin"), 1 / sample_.beta});
  return magnitude(looks_.back()) > explosion * scale;
}

std::vector<Warning> TrainingHealth::findings() const {
  std::vector<Warning> found;
  if (looks_.size() < 2) {
    return found;
  }
  const HealthLook& last = looks_.back();
  const HealthLook& half = looks_[looks_.size() / 2];
  // by the NLL and what estimates as it does, data without structure deserve a flat energy
  if (is_flat(last)) {
    const bool fits = train_.word("loss") == "nll" || is_criterion(train_.word("loss"));
    found.push_back({"flat_energy", flat_text(last, !sample_.model.shape().z.empty()), !fits});
  }
  if (explodes()) {
    found.push_back(
        {"energy_explodes", explosion_text(magnitude(looks_.front()), magnitude(last)), true});
  }
  const double width = 1 / std::sqrt(sample_.beta * last.curvature);
  if (width < needle_width * spread_of_y_ && last.curvature > growth * half.curvature) {
    found.push_back(
        {"needles", needle_text(width, spread_of_y_, half.curvature, last.curvature), true});
  }
  const double spread = last.data_spread + last.negative_spread;
  if (std::abs(last.negative_energy - last.data_energy) > wide_gap * spread) {
    found.push_back({"energy_gap", gap_text(last), true});
  }
  // one chain moves the distance by 1 / chains at most: the bound of bounded differences
  const auto chains = static_cast<double>(train_.integer("chains"));
  const double chance = std::sqrt(-std::log(level) / (2 * chains));
  if (last.distance > last.distance_floor + chance) {
    found.push_back(
        {"chains_off_law",
         fmt::format("the persistent chains are not where the model is: total variation "
                     "{:.2g} from the exact law of y, where as many independent draws "
                     "show {:.2g}; take more steps (cd_k), a smaller learning_rate, or a "
                     "sampler that mixes faster",
                     last.distance, last.distance_floor),
         true});
  }
  if (signal_to_noise() < 2 && train_.word("schedule") == "constant") {
    found.push_back(
        {"gradient_is_noise",
         fmt::format("the last {} updates followed noise: their mean gradient is {:.2g} "
                     "times its standard error; take a schedule that lowers the "
                     "learning_rate, more chains or larger batches",
                     followed_, signal_to_noise())});
  }
  return found;
}

void TrainingHealth::save(SavedState& state) const {
  static_assert(std::is_trivially_copyable_v<HealthLook>);
  state.put_bytes("health/looks", {reinterpret_cast<const char*>(looks_.data()),
                                   looks_.size() * sizeof(HealthLook)});
  energies_.save(state, "health/energies");
  state.put("health/followed", followed_);
  state.put("health/square_sum", square_sum_);
  state.put_array("health/gradient_sum", gradient_sum_);
}

void TrainingHealth::restore(const SavedState& state) {
  const std::size_t length = state.bytes("health/looks").size();
  if (length % sizeof(HealthLook) != 0) {
    throw ConfigError("the saved looks at the training's health are damaged");
  }
  looks_.resize(length / sizeof(HealthLook));
  state.copy("health/looks", looks_.data(), length);
  energies_.restore(state, "health/energies");
  state.get("health/followed", followed_);
  state.get("health/square_sum", square_sum_);
  state.get_array("health/gradient_sum", gradient_sum_);
}

namespace {

Eigen::VectorXd mean_square_gradient(const FreeEnergies& energies, const Eigen::MatrixXd& y) {
  const Eigen::MatrixXd completed = energies.completed(y);
  const auto count = static_cast<double>(y.rows());
  return energies.weighted_gradient(completed, 2 / count * energies.at(completed));
}

}  // namespace

Eigen::VectorXd energy_penalty_gradient(const AnyModel& model, const Problem& batch,
                                        const Negatives& negatives, double strength,
                                        const Executor& executor) {
  const FreeEnergies energies(model, batch.x, batch.rows(), batch.beta, LatentRule::sum, executor);
  energies.check();
  Eigen::VectorXd gradient = mean_square_gradient(energies, batch.y);
  if (negatives.y.rows() > 0) {
    gradient += mean_square_gradient(energies, negatives.y);
  }
  return strength * gradient;
}

}  // namespace negphase
