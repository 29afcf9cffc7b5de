#include "negphase/inference/minima.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "negphase/core/factorizations.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/exact/summed_states.hpp"
#include "negphase/inference/local_search.hpp"
#include "negphase/inference/state_energies.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// ---- enumeration

/// Whether no single change lowers the energy of a state.
bool is_lowest_around(const StateList& states, const double* energies, Index state) {
  const double here = energies[state];
  const double enough = here - tie_tolerance(here);
  for (Index j = 0; j < states.num_columns(); ++j) {
    const Index stride = states.stride(j);
    const Index first = state - state / stride % states.num_states(j) * stride;
    for (Index k = 0; k < states.num_states(j); ++k) {
      if (energies[first + k * stride] < enough) {
        return false;
      }
    }
  }
  return true;
}

/// Ascending energies; a run of ties keeps the order in which it comes in.
void sort_by_energy(std::vector<Minimum>& minima) {
  std::stable_sort(minima.begin(), minima.end(),
                   [](const Minimum& a, const Minimum& b) { return a.energy < b.energy; });
}

void cut(RowMinima& row, Index most) {
  row.num_minima = static_cast<Index>(row.minima.size());
  row.minima.resize(static_cast<std::size_t>(std::min(most, row.num_minima)));
}

RowMinima minima_of_states(const StateList& states, const double* energies, Index most) {
  const auto count = static_cast<Index>(states.count());
  // equal but for rounding: the first in the order of states stands for its energy
  std::vector<Index> found;
  for (Index s = 0; s < count; ++s) {
    if (energies[s] < infinity && is_lowest_around(states, energies, s)) {
      found.push_back(s);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [&](Index a, Index b) { return energies[a] < energies[b]; });
  for (auto begin = found.begin(); begin != found.end();) {
    const double limit = energies[*begin] + tie_tolerance(energies[*begin]);
    const auto end = std::find_if(begin, found.end(), [&](Index s) { return energies[s] > limit; });
    std::sort(begin, end);
    begin = end;
  }
  RowMinima row;
  row.num_minima = static_cast<Index>(found.size());
  row.method = "enumeration";
  row.is_exact = true;
  row.evaluations = static_cast<double>(count);
  found.resize(static_cast<std::size_t>(std::min(most, row.num_minima)));
  for (const Index s : found) {
    Minimum minimum;
    minimum.place.resize(states.num_columns());
    states.set(s, {minimum.place.data(), static_cast<std::size_t>(minimum.place.size())});
    minimum.energy = energies[s];
    row.minima.push_back(std::move(minimum));
  }
  return row;
}

std::vector<RowMinima> enumerate(const TargetEnergies& target, const StateList& states, Index most,
                                 const Executor& executor) {
  check_memory(sizeof(double) * states.count() * static_cast<double>(target.rows()),
               "the energies of all states take");
  const PerChain energies = state_energies(target, states, executor);
  const auto count = static_cast<Index>(states.count());
  return executor.map<RowMinima>(target.rows(), [&](Index row) {
    RowMinima found = minima_of_states(states, energies.data() + row * count, most);
    if (found.minima.empty()) {
      throw ModelError(fmt::format("row {} of x: the energy is +inf at all states", row + 1));
    }
    return found;
  });
}

// ---- gaussian

RowMinima minimum_of_gaussian(const TargetEnergies& target, Index row) {
  const AnyEnergy<double> energy = target.bind_row(row, 1);
  const GaussianView view = energy.gaussian();
  const Cholesky factor(view.precision);
  if (!factor.is_positive_definite()) {
    throw ModelError(fmt::format(
        "row {} of x: the energy has no minimum, the precision is not positive definite", row + 1));
  }
  Minimum minimum;
  minimum.place = factor.solve(view.linear.row(0).matrix().transpose());
  PerChain out(1);
  const Block<double> y = minimum.place.transpose().array();
  energy.energy(y, out);
  minimum.energy = out[0];
  minimum.curvature = symmetric_eigenvalues(view.precision);
  RowMinima found;
  found.minima.push_back(std::move(minimum));
  found.num_minima = 1;
  found.method = "gaussian";
  found.is_exact = true;
  found.evaluations = 1;
  return found;
}

// ---- search

/// Puts the landings of one row together.
class Basins {
 public:
  Basins(const TargetEnergies& target, Index row, const DescentLimits& limits)
      : row_(row), limits_(limits), search_(target, row, limits) {
    found_.method = "search";
  }

  void add(const Landing& landing) {
    ++found_.searches;
    using End = Descent::End;
    if (landing.end == End::bad_start) {
      throw ModelError(
          fmt::format("row {} of x: the energy is NaN at a start of the search", row_ + 1));
    }
    if (landing.end == End::ran_away) {
      if (found_.ran_away++ == 0) {
        example_ = landing;
      }
    } else if (landing.end == End::unsettled) {
      ++found_.unsettled;
    } else if (landing.end != End::no_start) {
      place(landing);
    }
  }

  RowMinima result(Index most, double evaluations) {
    if (found_.minima.empty()) {
      refuse();
    }
    sort_by_energy(found_.minima);
    cut(found_, most);
    found_.evaluations = evaluations + search_.evaluations();
    return std::move(found_);
  }

 private:
  /// What else is kept of a minimum.
  struct Width {
    double slope = 0, least_curvature = 0;
  };

  void place(const Landing& landing) {
    for (std::size_t i = 0; i < found_.minima.size(); ++i) {
      if (is_same(landing, i)) {
        ++found_.minima[i].starts;
        return;
      }
    }
    Landing lower = landing;
    constexpr int most_saddles = 10;
    for (int saddle = 0; saddle < most_saddles && leave_saddle(lower); ++saddle) {
    }
    if (lower.place != landing.place) {
      for (std::size_t i = 0; i < found_.minima.size(); ++i) {
        if (is_same(lower, i)) {
          ++found_.minima[i].starts;
          return;
        }
      }
    }
    add_minimum(lower);
  }

  Eigen::VectorXd real_part(const Eigen::VectorXd& place) const {
    Eigen::VectorXd real(static_cast<Index>(search_.real_columns().size()));
    for (Index i = 0; i < real.size(); ++i) {
      real[i] = place[search_.real_columns()[static_cast<std::size_t>(i)]];
    }
    return real;
  }

  /// The slope that is left, and the error of a gradient by central differences.
  static double slope_of(const Landing& landing) {
    return landing.slope + std::pow(std::numeric_limits<double>::epsilon(), 2.0 / 3) *
                               (1 + std::abs(landing.energy));
  }

  bool is_same(const Landing& landing, std::size_t i) const {
    const Minimum& minimum = found_.minima[i];
    Eigen::VectorXd apart = landing.place - minimum.place;
    double squared = 0;
    for (const Index j : search_.real_columns()) {
      squared += apart[j] * apart[j];
      apart[j] = 0;
    }
    if ((apart.array() != 0).any()) {
      return false;
    }
    const double size = 1 + real_part(landing.place).norm();
    double near = 1e-4 * size;
    if (minimum.is_stationary && landing.end == Descent::End::stationary) {
      const Width& width = widths_[i];
      const double sum = 4 * (slope_of(landing) + width.slope);
      near = std::clamp(sum / std::max(width.least_curvature, 1e-300), 1e-8 * size, 1e-2 * size);
    }
    return std::sqrt(squared) <= near;
  }

  SymmetricEigen curvature(const Eigen::VectorXd& place) {
    return symmetric_eigen(hessian(search_.smooth(place), real_part(place)));
  }

  /// Goes on downhill where a place is stationary but no minimum; false where it is one.
  bool leave_saddle(Landing& landing) {
    if (landing.end != Descent::End::stationary || search_.real_columns().empty()) {
      return false;
    }
    const auto [values, axes] = curvature(landing.place);
    if (!(values[0] < -1e-5 * std::max(1.0, values.cwiseAbs().maxCoeff()))) {
      return false;
    }
    Eigen::VectorXd down = axes.col(0);
    Index largest = 0;
    down.cwiseAbs().maxCoeff(&largest);
    down *= down[largest] < 0 ? -1 : 1;  // the sign of an eigenvector is anybody's
    Eigen::VectorXd start = landing.place;
    const double step = 1e-2 * (1 + real_part(landing.place).norm());
    for (Index i = 0; i < down.size(); ++i) {
      start[search_.real_columns()[static_cast<std::size_t>(i)]] += step * down[i];
    }
    const Landing next = search_.from(start);
    const bool is_lower = next.energy < landing.energy && (next.end == Descent::End::stationary ||
                                                           next.end == Descent::End::stalled);
    if (is_lower) {
      landing = next;
    }
    return is_lower;
  }

  void add_minimum(const Landing& landing) {
    Minimum minimum;
    minimum.place = landing.place;
    minimum.energy = landing.energy;
    minimum.starts = 1;
    minimum.is_stationary = landing.end == Descent::End::stationary;
    Width width{slope_of(landing), 0};
    if (minimum.is_stationary && !search_.real_columns().empty()) {
      minimum.curvature = curvature(landing.place).values;
      width.least_curvature = minimum.curvature[0];
    }
    found_.minima.push_back(std::move(minimum));
    widths_.push_back(width);
  }

  [[noreturn]] void refuse() const {
    if (found_.ran_away > 0) {
      throw ModelError(fmt::format(
          "row {} of x: the energy has no minimum, it falls without end: {} of {} searches ran "
          "away, "
          "the first to an energy of {:.6g} at |place| = {:.3g}",
          row_ + 1, found_.ran_away, found_.searches, example_.energy, example_.place.norm()));
    }
    throw ModelError(fmt::format(
        "row {} of x: no minimum found: of {} searches {} still fell after {} steps, the others "
        "found no place of finite energy",
        row_ + 1, found_.searches, found_.unsettled, limits_.most_steps));
  }

  Index row_;
  DescentLimits limits_;
  LocalSearch search_;
  RowMinima found_;
  std::vector<Width> widths_;
  Landing example_;
};

/// Where searches begin: [starts x columns of the target], one matrix a row of x.
std::vector<Eigen::MatrixXd> all_starts(const TargetEnergies& target, const MinimaOptions& options,
                                        const RunSettings& settings) {
  const std::uint64_t seed = derive_seed(settings.seed, "inference");
  Eigen::MatrixXd drawn = draw_starts(target, options.starts, options.spread, options.start, seed);
  if (options.annealing.sampler != nullptr) {
    drawn = anneal(target, options.annealing, std::move(drawn), settings);
  }
  return settings.executor->map<Eigen::MatrixXd>(target.rows(), [&](Index row) {
    Eigen::MatrixXd starts = grid_starts(target, row, options.spread);
    const Index on_grid = starts.rows();
    starts.conservativeResize(on_grid + options.starts, starts.cols());
    for (Index i = 0; i < options.starts; ++i) {
      starts.row(on_grid + i) = drawn.row(i * target.rows() + row).head(starts.cols());
    }
    return starts;
  });
}

/// What a thread does at a time: some starts of one row.
struct Piece {
  Index row, first, size;
};

struct Landings {
  std::vector<Landing> all;
  double evaluations = 0;
};

std::vector<RowMinima> search(const TargetEnergies& target, const MinimaOptions& options,
                              const RunSettings& settings) {
  constexpr Index piece_starts = 16;
  const DescentLimits limits{.gradient_tolerance = options.gradient_tolerance};
  const std::vector<Eigen::MatrixXd> starts = all_starts(target, options, settings);
  std::vector<Piece> pieces;
  for (Index row = 0; row < target.rows(); ++row) {
    const Index count = starts[static_cast<std::size_t>(row)].rows();
    for (Index first = 0; first < count; first += piece_starts) {
      pieces.push_back({row, first, std::min(piece_starts, count - first)});
    }
  }
  const auto landings =
      settings.executor->map<Landings>(static_cast<Index>(pieces.size()), [&](Index i) {
        const Piece& piece = pieces[static_cast<std::size_t>(i)];
        LocalSearch local(target, piece.row, limits);
        Landings found{
            local.from(Eigen::MatrixXd(
                starts[static_cast<std::size_t>(piece.row)].middleRows(piece.first, piece.size))),
            0};
        found.evaluations = local.evaluations();
        return found;
      });
  return settings.executor->map<RowMinima>(target.rows(), [&](Index row) {
    Basins basins(target, row, limits);
    double evaluations = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].row == row) {
        evaluations += landings[i].evaluations;
        for (const Landing& landing : landings[i].all) {
          basins.add(landing);
        }
      }
    }
    return basins.result(options.most_minima, evaluations);
  });
}

}  // namespace

std::vector<RowMinima> find_minima(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                                   const MinimaOptions& options, const RunSettings& settings) {
  const TargetEnergies target(model, x, beta, options.target, options.max_latent_states);
  const Executor& executor = *settings.executor;
  const StateList states(target.columns());
  const double all = states.count() * static_cast<double>(target.rows());
  if (all > 0 && all <= options.max_states) {
    return enumerate(target, states, options.most_minima, executor);
  }
  if (target.bind_row(0, 1).can(Ability::gaussian)) {
    return executor.map<RowMinima>(target.rows(),
                                   [&](Index row) { return minimum_of_gaussian(target, row); });
  }
  if (options.starts < 1) {
    throw ConfigError(
        fmt::format("inference: starts = {}, a search needs at least 1", options.starts));
  }
  return search(target, options, settings);
}

}  // namespace negphase
