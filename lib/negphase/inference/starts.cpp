#include "negphase/inference/starts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "negphase/core/memory.hpp"
#include "negphase/exact/summed_states.hpp"
#include "negphase/inference/state_energies.hpp"
#include "negphase/run/ability_check.hpp"
#include "negphase/run/chains.hpp"
#include "negphase/run/random_position.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Index> rows_of(const TargetEnergies& target, Index first, Index size) {
  std::vector<Index> rows;
  for (Index i = 0; i < size; ++i) {
    rows.push_back((first + i) % target.rows());
  }
  return rows;
}

/// E over y and z at some starts, whose first number is `first`.
PerChain joint_energies(const TargetEnergies& target, const Eigen::MatrixXd& places, Index first) {
  const Block<double> y = places.array();
  PerChain energies(y.rows());
  target.bind_joint(rows_of(target, first, y.rows())).energy(y, energies);
  for (Index i = 0; i < energies.size(); ++i) {
    if (std::isnan(energies[i]) || energies[i] == -infinity) {
      throw ModelError(fmt::format("row {} of x: the energy is {} at a start of the search",
                                   (first + i) % target.rows() + 1, energies[i]));
    }
  }
  return energies;
}

/// Copies where chains stand to their places.
class Keeper final : public Observer<double> {
 public:
  Keeper(Eigen::MatrixXd& places, Index first) : places_(places), first_(first) {}
  void observe(const AnyEnergy<double>&, const AnyState<double>& state, Index live) override {
    places_.middleRows(first_, live) = state.position().topRows(live).matrix();
  }

 private:
  Eigen::MatrixXd& places_;
  Index first_;
};

/// Places of the grid of one state of the finite columns, and which of them are local minima.
class Grid {
 public:
  Grid(const std::vector<Index>& real, double spread)
      : real_(real), side_(std::array<Index, 3>{257, 33, 13}[real.size() - 1]), spread_(spread) {
    for (std::size_t i = 0; i < real_.size(); ++i) {
      size_ *= side_;
    }
  }
  Index size() const { return size_; }

  /// Row c of y gets place number k.
  void set(Index k, Index c, Block<double>& y) const {
    for (const Index j : real_) {
      const auto at = static_cast<double>(k % side_) / static_cast<double>(side_ - 1);
      y(c, j) = 4 * spread_ * (2 * at - 1);
      k /= side_;
    }
  }
  /// No neighbour along an axis is lower, nor an earlier one as low.
  bool is_minimum(const PerChain& energies, Index k) const {
    if (!(energies[k] < infinity)) {
      return false;
    }
    Index stride = 1;
    for (std::size_t i = 0; i < real_.size(); ++i, stride *= side_) {
      const Index at = k / stride % side_;
      if ((at > 0 && energies[k - stride] <= energies[k]) ||
          (at + 1 < side_ && energies[k + stride] < energies[k])) {
        return false;
      }
    }
    return true;
  }

 private:
  const std::vector<Index>& real_;
  Index side_;
  double spread_;
  Index size_ = 1;
};

void add_rows(Eigen::MatrixXd& all, const std::vector<Eigen::RowVectorXd>& rows) {
  const Index before = all.rows();
  all.conservativeResize(before + static_cast<Index>(rows.size()), all.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all.row(before + static_cast<Index>(i)) = rows[i];
  }
}

/// Energies of the whole grid, the other columns as in `place`.
PerChain energies_on(const Grid& grid, const AnyEnergy<double>& energy,
                     const Eigen::RowVectorXd& place, Index block_chains) {
  PerChain energies(grid.size()), out(block_chains);
  Block<double> y = place.array().replicate(block_chains, 1);
  for (Index first = 0; first < grid.size(); first += block_chains) {
    const Index size = std::min(block_chains, grid.size() - first);
    for (Index c = 0; c < block_chains; ++c) {
      grid.set(first + std::min(c, size - 1), c, y);
    }
    energy.energy(y, out);
    energies.segment(first, size) = out.head(size);
  }
  return energies.isNaN().select(infinity, energies);
}

}  // namespace

Eigen::MatrixXd draw_starts(const TargetEnergies& target, Index starts, double spread,
                            const StartPlace& place, std::uint64_t seed) {
  constexpr int most_tries = 100;
  constexpr Index piece = 64;
  std::vector<Column> columns = target.shape().y;
  columns.insert(columns.end(), target.shape().z.begin(), target.shape().z.end());
  const Index total = starts * target.rows();
  check_memory(
      2.0 * sizeof(double) * static_cast<double>(total) * static_cast<double>(columns.size()),
      fmt::format("{} starts of {} columns take", total, columns.size()));
  Eigen::MatrixXd all(total, static_cast<Index>(columns.size()));
  std::vector<double> one(columns.size());
  const auto draw = [&](Index i, std::uint64_t seed_of_try, bool given) {
    random_position(columns, seed_of_try, i, one);
    for (std::size_t j = 0; j < one.size(); ++j) {
      one[j] *= columns[j].num_states > 0 ? 1 : spread;
    }
    if (given) {
      place(i / target.rows(), i % target.rows(), one);
    }
    all.row(i) = Eigen::Map<const Eigen::RowVectorXd>(one.data(), all.cols());
  };
  for (Index first = 0; first < total; first += piece) {
    const Index size = std::min(piece, total - first);
    for (Index i = first; i < first + size; ++i) {
      draw(i, derive_seed(seed, "starts"), static_cast<bool>(place));
    }
    PerChain energies = joint_energies(target, all.middleRows(first, size), first);
    for (int retry = 1; retry < most_tries && (energies == infinity).any(); ++retry) {
      for (Index i = 0; i < size; ++i) {
        if (energies[i] == infinity) {
          draw(first + i, derive_seed(seed, fmt::format("starts, try {}", retry)), false);
        }
      }
      energies = joint_energies(target, all.middleRows(first, size), first);
    }
    for (Index i = 0; i < size; ++i) {
      if (energies[i] == infinity) {
        throw ModelError(fmt::format(
            "row {} of x: no place of finite energy in {} draws; give starts of finite energy",
            (first + i) % target.rows() + 1, most_tries));
      }
    }
  }
  return all;
}

Eigen::MatrixXd anneal(const TargetEnergies& target, const Annealing& annealing,
                       Eigen::MatrixXd starts, const RunSettings& settings) {
  const AnySampler& sampler = *annealing.sampler;
  const std::array<Index, 1> first_row{0};
  check_abilities(sampler, target.bind_joint(first_row));
  RunSettings own = settings;
  own.precision = Precision::float64;
  for (Index stage = 0; stage < annealing.stages; ++stage) {
    const double part = annealing.stages > 1
                            ? static_cast<double>(stage) / static_cast<double>(annealing.stages - 1)
                            : 1;
    ChainSetup<double> setup;
    setup.num_chains = starts.rows();
    setup.beta = target.beta() * std::pow(annealing.last_beta_factor, part);
    setup.seed = derive_seed(settings.seed, fmt::format("annealing, stage {}", stage));
    setup.sampler = sampler.name;
    setup.step_size = sampler.step_size;
    setup.bind = [&](std::span<const Index> chains) {
      std::vector<Index> rows;
      for (const Index chain : chains) {
        rows.push_back(chain % target.rows());
      }
      return target.bind_joint(rows);
    };
    // padding goes where the last chain goes
    setup.start = [&starts](Index chain, std::span<double> place) {
      const auto row = starts.row(std::min(chain, starts.rows() - 1));
      std::copy(row.begin(), row.end(), place.begin());
    };
    Eigen::MatrixXd places(starts.rows(), starts.cols());
    Chains<double>(std::move(setup), sampler.kernel<double>(), own)
        .advance({annealing.steps - 1, 1, 1}, [&](Index, Index first, Index) {
          return std::make_unique<Keeper>(places, first);
        });
    starts = std::move(places);
  }
  return starts;
}

Eigen::MatrixXd grid_starts(const TargetEnergies& target, Index row, double spread) {
  constexpr Index block_chains = 64;
  constexpr double most_states = 64;
  std::vector<Index> real;
  std::vector<Column> finite;
  const std::vector<Index> finite_places = finite_columns(target.columns());
  for (const Index j : finite_places) {
    finite.push_back(target.columns()[static_cast<std::size_t>(j)]);
  }
  for (Index j = 0; j < target.num_columns(); ++j) {
    if (target.columns()[static_cast<std::size_t>(j)].kind == ColumnKind::real) {
      real.push_back(j);
    }
  }
  const StateList states(finite);
  Eigen::MatrixXd starts(0, target.num_columns());
  if (real.empty() || real.size() > 3 || states.count() > most_states) {
    return starts;
  }
  const Grid grid(real, spread);
  const AnyEnergy<double> energy = target.bind_row(row, block_chains);
  std::vector<double> codes(finite.size());
  Eigen::RowVectorXd place = Eigen::RowVectorXd::Zero(target.num_columns());
  for (Index state = 0; state < static_cast<Index>(states.count()); ++state) {
    states.set(state, codes);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      place[finite_places[i]] = codes[i];
    }
    const PerChain energies = energies_on(grid, energy, place, block_chains);
    if ((energies == -infinity).any()) {
      throw ModelError(fmt::format("row {} of x: the energy is -inf: not normalisable", row + 1));
    }
    std::vector<Eigen::RowVectorXd> minima;
    Block<double> found(1, target.num_columns());
    for (Index k = 0; k < grid.size(); ++k) {
      if (grid.is_minimum(energies, k)) {
        found.row(0) = place.array();
        grid.set(k, 0, found);
        minima.emplace_back(found.row(0).matrix());
      }
    }
    add_rows(starts, minima);
  }
  return starts;
}

}  // namespace negphase
