#include "negphase/inference/local_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "negphase/exact/summed_states.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Changes of one column of all chains.
class Changes {
 public:
  Changes(const AnyEnergy<double>& energy, const std::optional<Eigen::VectorXd>& excluded,
          Block<double>& y, PerChain& energies)
      : energy_(energy),
        excluded_(excluded),
        y_(y),
        energies_(energies),
        by_change_(energy.can(Ability::energy_change)),
        change_(y.rows()),
        best_change_(y.rows()),
        values_(y.rows()),
        best_(y.rows()),
        other_(y) {
    recompute();
  }

  void recompute() {
    energy_.energy(y_, energies_);
    ++evaluations_;
  }
  double evaluations() const { return evaluations_ * static_cast<double>(y_.rows()); }

  /// Sets column j of every chain to its best state; false where none moved.
  bool lower(Index j) {
    const Column& column = energy_.columns()[static_cast<std::size_t>(j)];
    best_change_.setZero();
    best_ = y_.col(j);
    for (Index k = 0; k < column.num_states; ++k) {
      const double code = state_code(column, k);
      set_change(j, code);
      for (Index c = 0; c < y_.rows(); ++c) {
        const double tie = std::isfinite(energies_[c]) ? tie_tolerance(energies_[c]) : 0;
        if (change_[c] < best_change_[c] && change_[c] < -tie && !is_excluded(c, j, code)) {
          best_change_[c] = change_[c];
          best_[c] = code;
        }
      }
    }
    const bool moved = (best_change_ < 0).any();
    y_.col(j) = best_;
    if (moved && !energies_.isFinite().all()) {
      recompute();
    } else {
      energies_ += best_change_;
    }
    return moved;
  }

 private:
  void set_change(Index j, double code) {
    ++evaluations_;
    if (by_change_ && energies_.isFinite().all()) {
      values_.setConstant(code);
      energy_.energy_change(y_, j, values_, change_);
      return;
    }
    other_ = y_;
    other_.col(j).setConstant(code);
    energy_.energy(other_, change_);
    for (Index c = 0; c < y_.rows(); ++c) {
      // from a forbidden state every allowed one is lower
      change_[c] = energies_[c] == infinity ? (change_[c] < infinity ? -infinity : 0)
                                            : change_[c] - energies_[c];
    }
  }

  bool is_excluded(Index c, Index j, double code) const {
    if (!excluded_ || j >= excluded_->size() || code != (*excluded_)[j]) {
      return false;
    }
    for (Index i = 0; i < excluded_->size(); ++i) {
      if (i != j && y_(c, i) != (*excluded_)[i]) {
        return false;
      }
    }
    return true;
  }

  const AnyEnergy<double>& energy_;
  const std::optional<Eigen::VectorXd>& excluded_;
  Block<double>& y_;
  PerChain& energies_;
  bool by_change_;
  PerChain change_, best_change_;
  Lane<double> values_, best_;
  Block<double> other_;
  double evaluations_ = 0;
};

}  // namespace

double LocalSearch::lower_by_changes(const AnyEnergy<double>& energy, std::span<const Index> finite,
                                     const std::optional<Eigen::VectorXd>& excluded,
                                     Block<double>& y, PerChain& energies) {
  energies.resize(y.rows());
  Changes changes(energy, excluded, y, energies);
  for (bool moved = true; moved;) {
    moved = false;
    for (const Index j : finite) {
      moved = changes.lower(j) || moved;
    }
    changes.recompute();
  }
  return changes.evaluations();
}

LocalSearch::LocalSearch(const TargetEnergies& target, Index row, const DescentLimits& limits,
                         std::optional<Eigen::VectorXd> excluded)
    : target_(target),
      row_(row),
      limits_(limits),
      excluded_(std::move(excluded)),
      energy_(target.bind_row(row, 1)),
      finite_(finite_columns(target.columns())),
      y_(1, target.num_columns()),
      grad_(1, target.num_columns()),
      out_(1) {
  for (Index j = 0; j < target.num_columns(); ++j) {
    if (!std::binary_search(finite_.begin(), finite_.end(), j)) {
      real_.push_back(j);
    }
  }
}

/// At y_, over the real columns.
double LocalSearch::value_and_gradient(Eigen::VectorXd& gradient) {
  const auto d = static_cast<Index>(real_.size());
  gradient.resize(d);
  if (energy_.can(Ability::gradient)) {
    energy_.energy_and_grad(y_, out_, grad_);
    for (Index i = 0; i < d; ++i) {
      gradient[i] = grad_(0, real_[static_cast<std::size_t>(i)]);
    }
    ++evaluations_;
    return out_[0];
  }
  for (Index i = 0; i < d; ++i) {
    double& coordinate = y_(0, real_[static_cast<std::size_t>(i)]);
    const double here = coordinate;
    const double step =
        std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::abs(here));
    const double above = here + step, below = here - step;
    coordinate = above;
    energy_.energy(y_, out_);
    const double up = out_[0];
    coordinate = below;
    energy_.energy(y_, out_);
    gradient[i] = (up - out_[0]) / (above - below);
    coordinate = here;
  }
  energy_.energy(y_, out_);
  evaluations_ += 2 * static_cast<double>(d) + 1;
  return out_[0];
}

SmoothFunction LocalSearch::smooth(const Eigen::VectorXd& place) {
  return [this, place](const Eigen::VectorXd& real, Eigen::VectorXd& gradient) {
    y_.row(0) = place.transpose().array();
    for (std::size_t i = 0; i < real_.size(); ++i) {
      y_(0, real_[i]) = real[static_cast<Index>(i)];
    }
    return value_and_gradient(gradient);
  };
}

/// One chain's; false where nothing moved.
bool LocalSearch::change_states(Eigen::VectorXd& place, double& energy) {
  Block<double> y = place.transpose().array();
  evaluations_ += lower_by_changes(energy_, finite_, excluded_, y, out_);
  energy = out_[0];
  const bool moved = (y.row(0).matrix().transpose().array() != place.array()).any();
  place = y.row(0).matrix().transpose();
  return moved;
}

Landing LocalSearch::from(const Eigen::VectorXd& start) {
  constexpr int most_turns = 1000;
  Landing landing{start, 0, 0, Descent::End::unsettled};
  for (int turn = 0; turn < most_turns; ++turn) {
    if (!finite_.empty() && !change_states(landing.place, landing.energy) && turn > 0) {
      return landing;
    }
    Eigen::VectorXd real(static_cast<Index>(real_.size()));
    for (std::size_t i = 0; i < real_.size(); ++i) {
      real[static_cast<Index>(i)] = landing.place[real_[i]];
    }
    const Descent descent = descend(smooth(landing.place), real, limits_);
    for (std::size_t i = 0; i < real_.size(); ++i) {
      landing.place[real_[i]] = descent.place[static_cast<Index>(i)];
    }
    landing.energy = descent.value;
    landing.slope = descent.gradient.norm();
    landing.end = descent.end;
    const bool may_go_on =
        landing.end == Descent::End::stationary || landing.end == Descent::End::stalled;
    if (finite_.empty() || !may_go_on) {
      return landing;
    }
  }
  landing.end = Descent::End::unsettled;
  return landing;
}

std::vector<Landing> LocalSearch::from_states(const Eigen::MatrixXd& starts) {
  const AnyEnergy<double> energy = target_.bind_row(row_, starts.rows());
  Block<double> y = starts.array();
  PerChain energies;
  evaluations_ += lower_by_changes(energy, finite_, excluded_, y, energies);
  std::vector<Landing> landings;
  for (Index c = 0; c < starts.rows(); ++c) {
    using End = Descent::End;
    const End end = std::isnan(energies[c])    ? End::bad_start
                    : energies[c] == infinity  ? End::no_start
                    : energies[c] == -infinity ? End::ran_away
                                               : End::stationary;
    landings.push_back({y.row(c).matrix().transpose(), energies[c], 0, end});
  }
  return landings;
}

std::vector<Landing> LocalSearch::from(const Eigen::MatrixXd& starts) {
  if (real_.empty()) {
    return from_states(starts);
  }
  std::vector<Landing> landings;
  for (Index c = 0; c < starts.rows(); ++c) {
    landings.push_back(from(Eigen::VectorXd(starts.row(c).transpose())));
  }
  return landings;
}

}  // namespace negphase
