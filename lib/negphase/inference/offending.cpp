#include "negphase/inference/offending.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "negphase/core/memory.hpp"
#include "negphase/exact/summed_states.hpp"
#include "negphase/inference/local_search.hpp"
#include "negphase/inference/starts.hpp"
#include "negphase/inference/state_energies.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool has_real(std::span<const Column> columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [](const Column& column) { return column.kind == ColumnKind::real; });
}

void check_question(const TargetEnergies& target, const Eigen::MatrixXd& y,
                    const OffendingOptions& options) {
  const ModelShape& shape = target.shape();
  if (y.cols() != shape.num_y() || y.rows() == 0) {
    throw ConfigError(fmt::format("y is {} x {}, the model takes {} columns and at least one row",
                                  y.rows(), y.cols(), shape.num_y()));
  }
  if (target.is_conditional() && target.rows() != y.rows()) {
    throw ConfigError(fmt::format("x has {} rows and y has {}", target.rows(), y.rows()));
  }
  if (has_real(shape.y)) {
    if (!(options.radius > 0) || !std::isfinite(options.radius)) {
      throw ConfigError(fmt::format(
          "radius is {}: y is real, so that an answer counts as wrong from a distance of y on, "
          "which must be given as a radius > 0",
          options.radius));
    }
  } else if (StateList(shape.y).count() <= 1) {
    throw ConfigError("y has one state only: there is no other answer");
  }
}

/// Places of the target, cut into y and z.
OffendingAnswers answers_of(const TargetEnergies& target, Index rows) {
  OffendingAnswers answers;
  answers.y.resize(rows, target.num_y());
  answers.z.resize(rows, target.num_columns() - target.num_y());
  answers.energy.resize(rows);
  return answers;
}

void set_answer(OffendingAnswers& answers, Index row, const Eigen::VectorXd& place, double energy) {
  answers.y.row(row) = place.head(answers.y.cols()).transpose();
  answers.z.row(row) = place.tail(answers.z.cols()).transpose();
  answers.energy[row] = energy;
}

[[noreturn]] void refuse_no_answer(Index row) {
  throw ModelError(fmt::format("row {} of y: no wrong answer of finite energy was found", row + 1));
}

// ---- enumeration

Index state_of(std::span<const Column> columns, const Eigen::RowVectorXd& y) {
  Index state = 0;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    state = state * columns[j].num_states + state_index(columns[j], y[static_cast<Index>(j)]);
  }
  return state;
}

/// The first state of least energy, but for rounding, outside excluded .. excluded + width - 1.
Index lowest_state(const double* energies, Index count, Index excluded, Index width) {
  double least = infinity;
  const auto for_allowed = [&](auto visit) {
    for (Index s = 0; s < count; ++s) {
      if (s == excluded) {
        s += width - 1;
      } else if (visit(s)) {
        return s;
      }
    }
    return Index{-1};
  };
  for_allowed([&](Index s) {
    least = std::min(least, energies[s]);
    return false;
  });
  return least == infinity
             ? -1
             : for_allowed([&](Index s) { return energies[s] <= least + tie_tolerance(least); });
}

OffendingAnswers enumerate(const TargetEnergies& target, const StateList& states,
                           const Eigen::MatrixXd& y, const Executor& executor) {
  check_memory(sizeof(double) * states.count() * static_cast<double>(target.rows()),
               "the energies of all states take");
  const PerChain energies = state_energies(target, states, executor);
  const std::span<const Column> y_columns =
      target.columns().first(static_cast<std::size_t>(target.num_y()));
  const auto count = static_cast<Index>(states.count());
  const Index states_of_z = count / static_cast<Index>(StateList(y_columns).count());
  OffendingAnswers answers = answers_of(target, y.rows());
  Eigen::VectorXd place(target.num_columns());
  for (Index row = 0; row < y.rows(); ++row) {
    const Index table = target.is_conditional() ? row * count : 0;
    const Index own = state_of(y_columns, y.row(row)) * states_of_z;
    const Index lowest = lowest_state(energies.data() + table, count, own, states_of_z);
    if (lowest < 0) {
      refuse_no_answer(row);
    }
    states.set(lowest, {place.data(), static_cast<std::size_t>(place.size())});
    set_answer(answers, row, place, energies[table + lowest]);
  }
  answers.is_exact = true;
  answers.evaluations = static_cast<double>(energies.size());
  return answers;
}

// ---- search

/// The lowest of the places that were tried; of ties the first.
class Best {
 public:
  void offer(const Eigen::VectorXd& place, double energy) {
    if (energy < infinity && (!place_ || energy < energy_ - tie_tolerance(energy_))) {
      place_ = place;
      energy_ = energy;
    }
  }
  const std::optional<Eigen::VectorXd>& place() const { return place_; }
  double energy() const { return energy_; }

 private:
  std::optional<Eigen::VectorXd> place_;
  double energy_ = infinity;
};

/// What all rows of y that see one row of x share.
struct Ground {
  Eigen::MatrixXd starts;         ///< [starts x columns of the target]
  std::vector<Landing> landings;  ///< the minima beside them, whatever y; none for a finite y
  double evaluations = 0;
};

/// The search for one row of y.
class RowSearch {
 public:
  RowSearch(const TargetEnergies& target, Index x_row, Index row, const Eigen::VectorXd& y,
            double radius)
      : target_(target),
        x_row_(x_row),
        row_(row),
        y_(y),
        radius_(radius),
        y_is_finite_(!has_real(target.shape().y)),
        search_(target, x_row, {},
                y_is_finite_ ? std::optional<Eigen::VectorXd>(y) : std::nullopt) {
    for (const Index j : search_.real_columns()) {
      num_real_y_ += j < target.num_y() ? 1 : 0;
    }
  }

  void run(const Ground& ground, Best& best) {
    Eigen::MatrixXd others = single_changes(ground.starts);
    if (y_is_finite_) {
      search_states(ground.starts, best);
      search_states(others, best);
      return;
    }
    for (const Landing& landing : ground.landings) {
      take(landing, best);
    }
    for (Index i = 0; i < others.rows(); ++i) {
      descend_at(others.row(i).transpose(), best);
    }
    const Eigen::MatrixXd directions = sphere_starts(ground.starts);
    for (Index i = 0; i < directions.rows(); ++i) {
      descend_on_sphere(directions.row(i).transpose(), best);
    }
  }
  double evaluations() const { return search_.evaluations(); }

 private:
  bool is_wrong(const Eigen::VectorXd& place) const {
    double squared = 0;
    for (Index j = 0; j < target_.num_y(); ++j) {
      const double apart = place[j] - y_[j];
      if (target_.columns()[static_cast<std::size_t>(j)].kind == ColumnKind::real) {
        squared += apart * apart;
      } else if (apart != 0) {
        return true;
      }
    }
    return num_real_y_ > 0 && std::sqrt(squared) >= radius_;
  }

  void take(const Landing& landing, Best& best) const {
    if (landing.end == Descent::End::bad_start) {
      throw ModelError(fmt::format("row {} of y: the energy is NaN", row_ + 1));
    }
    if (landing.end == Descent::End::ran_away) {
      throw ModelError(
          fmt::format("row {} of y: the energy falls without end, so that no wrong answer offends "
                      "most: it came "
                      "to {:.6g}; not normalisable",
                      row_ + 1, landing.energy));
    }
    if (landing.end != Descent::End::no_start && is_wrong(landing.place)) {
      best.offer(landing.place, landing.energy);
    }
  }

  /// y_ with one finite column changed, some 64 of them at most; the columns of z as in the starts.
  Eigen::MatrixXd single_changes(const Eigen::MatrixXd& starts) const {
    constexpr Index most = 64;
    std::vector<std::pair<Index, double>> changes;
    for (Index j = 0; j < target_.num_y(); ++j) {
      const Column& column = target_.columns()[static_cast<std::size_t>(j)];
      for (Index k = 0; k < column.num_states; ++k) {
        if (state_code(column, k) != y_[j]) {
          changes.emplace_back(j, state_code(column, k));
        }
      }
    }
    const auto count = static_cast<Index>(changes.size());
    Eigen::MatrixXd places(std::min(most, count), target_.num_columns());
    for (Index i = 0; i < places.rows(); ++i) {
      places.row(i) = starts.row(i % starts.rows());
      places.row(i).head(y_.size()) = y_.transpose();
      const auto& [column, code] = changes[static_cast<std::size_t>(i * count / places.rows())];
      places(i, column) = code;
    }
    return places;
  }

  /// Finite y: local minima of the states that are not y_.
  void search_states(Eigen::MatrixXd starts, Best& best) {
    for (Index i = 0; i < starts.rows(); ++i) {
      if (!is_wrong(starts.row(i).transpose())) {
        for (Index j = 0; j < y_.size(); ++j) {
          const Column& column = target_.columns()[static_cast<std::size_t>(j)];
          if (column.num_states > 1) {
            starts(i, j) = state_code(column, (state_index(column, y_[j]) + 1) % column.num_states);
            break;
          }
        }
      }
    }
    for (const Landing& landing : search_.from(starts)) {
      take(landing, best);
    }
  }

  Eigen::VectorXd real_part(const Eigen::VectorXd& place) const {
    Eigen::VectorXd real(static_cast<Index>(search_.real_columns().size()));
    for (Index i = 0; i < real.size(); ++i) {
      real[i] = place[search_.real_columns()[static_cast<std::size_t>(i)]];
    }
    return real;
  }
  void set_real_part(const Eigen::VectorXd& real, Eigen::VectorXd& place) const {
    for (Index i = 0; i < real.size(); ++i) {
      place[search_.real_columns()[static_cast<std::size_t>(i)]] = real[i];
    }
  }

  /// Another state of the finite columns of y, held: the real ones descend.
  void descend_at(Eigen::VectorXd place, Best& best) {
    const Descent descent = descend(search_.smooth(place), real_part(place), {});
    set_real_part(descent.place, place);
    take({place, descent.value, descent.gradient.norm(), descent.end}, best);
  }

  /// Starts at y_ but for its real columns, whose distance from y_ is a direction: those of the
  /// axes and of the random starts.
  Eigen::MatrixXd sphere_starts(const Eigen::MatrixXd& starts) const {
    const Index axes = std::min<Index>(num_real_y_, 8);
    const Index more = num_real_y_ > 1 ? starts.rows() : 0;
    Eigen::MatrixXd places(2 * axes + more, target_.num_columns());
    for (Index i = 0; i < places.rows(); ++i) {
      places.row(i) = starts.row(i % starts.rows());
      const bool is_axis = i < 2 * axes;
      for (Index j = 0; j < y_.size(); ++j) {
        const bool is_real =
            target_.columns()[static_cast<std::size_t>(j)].kind == ColumnKind::real;
        if (is_axis || !is_real) {
          places(i, j) = y_[j];
        }
      }
      if (is_axis) {
        places(i, search_.real_columns()[static_cast<std::size_t>(i / 2)]) += i % 2 == 0 ? -1 : 1;
      }
    }
    return places;
  }

  /// E on |real y - y_| = radius as a function of the direction; columns of z are free.
  SmoothFunction on_sphere(const Eigen::VectorXd& place, const Eigen::VectorXd& centre) {
    return [this, inner = search_.smooth(place), centre](const Eigen::VectorXd& w,
                                                         Eigen::VectorXd& gradient) {
      Eigen::VectorXd real = w;
      const double length = w.head(num_real_y_).norm();
      const Eigen::VectorXd direction = w.head(num_real_y_) / length;
      real.head(num_real_y_) = centre + radius_ * direction;
      const double value = inner(real, gradient);
      const Eigen::VectorXd slope = gradient.head(num_real_y_);
      gradient.head(num_real_y_) =
          radius_ / length * (slope - direction * direction.dot(slope)).eval();
      return value;
    };
  }

  void descend_on_sphere(Eigen::VectorXd place, Best& best) {
    constexpr int most_turns = 100;
    const Eigen::VectorXd centre = real_part([&] {
                                     Eigen::VectorXd at_y = place;
                                     at_y.head(y_.size()) = y_;
                                     return at_y;
                                   }())
                                       .head(num_real_y_);
    Eigen::VectorXd w = real_part(place);
    w.head(num_real_y_) -= centre;
    if (!(w.head(num_real_y_).norm() > 0)) {
      w[0] = 1;
    }
    for (int turn = 0; turn < most_turns; ++turn) {
      Descent descent = descend(on_sphere(place, centre), w, {});
      w = descent.place;
      Eigen::VectorXd real = w;
      real.head(num_real_y_) = centre + radius_ * w.head(num_real_y_).normalized();
      set_real_part(real, place);
      // rounding may leave it a trifle inside
      if (descent.end == Descent::End::ran_away || descent.end == Descent::End::bad_start) {
        take({place, descent.value, 0, descent.end}, best);
      }
      best.offer(place, descent.value);
      if (!change_latents(place)) {
        return;
      }
    }
  }

  bool change_latents(Eigen::VectorXd& place) const {
    std::vector<Index> finite = finite_columns(target_.columns());
    std::erase_if(finite, [&](Index j) { return j < target_.num_y(); });
    if (finite.empty()) {
      return false;
    }
    Block<double> y = place.transpose().array();
    PerChain energies;
    LocalSearch::lower_by_changes(target_.bind_row(x_row_, 1), finite, {}, y, energies);
    const Eigen::VectorXd changed = y.row(0).matrix().transpose();
    const bool moved = changed != place;
    place = changed;
    return moved;
  }

  const TargetEnergies& target_;
  Index x_row_, row_;
  Eigen::VectorXd y_;
  double radius_;
  bool y_is_finite_;
  LocalSearch search_;
  Index num_real_y_ = 0;  // the first of the search's real columns
};

Ground ground_of(const TargetEnergies& target, Index x_row, const Eigen::MatrixXd& drawn,
                 const OffendingOptions& options) {
  Ground ground;
  ground.starts = Eigen::MatrixXd(options.starts, target.num_columns());
  for (Index i = 0; i < options.starts; ++i) {
    ground.starts.row(i) = drawn.row(i * target.rows() + x_row).head(target.num_columns());
  }
  if (has_real(target.shape().y)) {
    LocalSearch search(target, x_row, {});
    ground.landings = search.from(grid_starts(target, x_row, options.spread));
    for (Landing& landing : search.from(ground.starts)) {
      ground.landings.push_back(std::move(landing));
    }
    ground.evaluations = search.evaluations();
  }
  return ground;
}

OffendingAnswers search(const TargetEnergies& target, const Eigen::MatrixXd& y,
                        const OffendingOptions& options, const RunSettings& settings) {
  if (options.starts < 1) {
    throw ConfigError(fmt::format("most offending answers: starts = {}, a search needs at least 1",
                                  options.starts));
  }
  const Eigen::MatrixXd drawn = draw_starts(target, options.starts, options.spread, {},
                                            derive_seed(settings.seed, "most offending answers"));
  const auto grounds = settings.executor->map<Ground>(
      target.rows(), [&](Index x_row) { return ground_of(target, x_row, drawn, options); });
  struct Found {
    Best best;
    double evaluations = 0;
  };
  const auto found = settings.executor->map<Found>(y.rows(), [&](Index row) {
    const Index x_row = target.is_conditional() ? row : 0;
    RowSearch search(target, x_row, row, y.row(row).transpose(), options.radius);
    Found of_row;
    search.run(grounds[static_cast<std::size_t>(x_row)], of_row.best);
    of_row.evaluations = search.evaluations();
    return of_row;
  });
  OffendingAnswers answers = answers_of(target, y.rows());
  for (Index row = 0; row < y.rows(); ++row) {
    const Found& of_row = found[static_cast<std::size_t>(row)];
    if (!of_row.best.place()) {
      refuse_no_answer(row);
    }
    set_answer(answers, row, *of_row.best.place(), of_row.best.energy());
    answers.evaluations += of_row.evaluations;
  }
  for (const Ground& ground : grounds) {
    answers.evaluations += ground.evaluations;
  }
  return answers;
}

}  // namespace

OffendingAnswers most_offending(const AnyModel& model, const Eigen::MatrixXd& x,
                                const Eigen::MatrixXd& y, double beta,
                                const OffendingOptions& options, const RunSettings& settings) {
  const TargetEnergies target(model, x, beta, options.target, options.max_latent_states);
  check_question(target, y, options);
  const StateList states(target.columns());
  const double all = states.count() * static_cast<double>(target.rows());
  if (all > 0 && all <= options.max_states) {
    return enumerate(target, states, y, *settings.executor);
  }
  return search(target, y, options, settings);
}

}  // namespace negphase
