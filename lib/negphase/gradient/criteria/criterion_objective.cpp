#include "negphase/gradient/criteria/criterion_objective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/random/normal_distribution.hpp>

#include "negphase/gradient/criteria/noise_contrast.hpp"
#include "negphase/gradient/criteria/pseudo_likelihood.hpp"
#include "negphase/gradient/criteria/ratio_matching.hpp"
#include "negphase/gradient/criteria/score_matching.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"
#include "negphase/run/gradient_check.hpp"

namespace negphase {

namespace {

void refuse(const std::string& why) {
  if (!why.empty()) {
    throw ConfigError(why);
  }
}

StreamEngine engine_of(std::uint64_t seed, Index row, std::int64_t update) {
  return {seed, static_cast<std::uint32_t>(row), static_cast<std::uint64_t>(update), Purpose::data};
}

/// [rows x columns] of N(0, 1)
Eigen::MatrixXd draw_normals(Index rows, Index columns, std::uint64_t seed, std::int64_t update) {
  Eigen::MatrixXd drawn(rows, columns);
  boost::random::normal_distribution<double> normal;
  for (Index r = 0; r < rows; ++r) {
    StreamEngine engine = engine_of(seed, r, update);
    for (Index j = 0; j < columns; ++j) {
      drawn(r, j) = normal(engine);
    }
  }
  return drawn;
}

/// Directions of entries -1 and +1, each [rows x columns]: of those with E[v v'] = I the ones with
/// the least variance.
std::vector<Eigen::MatrixXd> draw_signs(Index slices, Index rows, Index columns, std::uint64_t seed,
                                        std::int64_t update) {
  std::vector<Eigen::MatrixXd> drawn(static_cast<std::size_t>(slices),
                                     Eigen::MatrixXd(rows, columns));
  for (Index r = 0; r < rows; ++r) {
    StreamEngine engine = engine_of(seed, r, update);
    for (Eigen::MatrixXd& slice : drawn) {
      for (Index j = 0; j < columns; ++j) {
        slice(r, j) = (engine() & 1U) != 0 ? 1 : -1;
      }
    }
  }
  return drawn;
}

Criterion make_pseudo_likelihood(const Problem& all, const Options&, const RunSettings& settings) {
  refuse(why_no_pseudo_likelihood(all));
  return [executor = settings.executor](const Problem& batch, std::int64_t) {
    return pseudo_likelihood(batch, *executor);
  };
}

Criterion make_ratio_matching(const Problem& all, const Options&, const RunSettings& settings) {
  refuse(why_no_ratio_matching(all));
  return [executor = settings.executor](const Problem& batch, std::int64_t) {
    return ratio_matching(batch, *executor);
  };
}

Criterion make_nce(const Problem& all, const Options& train, const RunSettings& settings) {
  refuse(why_no_free_energy(all));
  if (all.model.shape().num_x > 0) {
    throw ConfigError(
        "it takes log Z for one number, but that of this model depends on x; ranking_nce needs no "
        "log Z");
  }
  return [executor = settings.executor, noise = NoiseDistribution(all),
          samples = train.integer("noise_samples"),
          seed = derive_seed(settings.seed, "noise")](const Problem& batch, std::int64_t update) {
    return binary_nce(
               batch,
               noise.draw(batch.x, batch.y, samples, seed, static_cast<std::uint64_t>(update)), {},
               *executor)
        .criterion;
  };
}

Criterion make_ranking_nce(const Problem& all, const Options& train, const RunSettings& settings) {
  refuse(why_no_free_energy(all));
  return [executor = settings.executor, noise = NoiseDistribution(all),
          samples = train.integer("noise_samples"),
          seed = derive_seed(settings.seed, "noise")](const Problem& batch, std::int64_t update) {
    return ranking_nce(
        batch, noise.draw(batch.x, batch.y, samples, seed, static_cast<std::uint64_t>(update)),
        *executor);
  };
}

Criterion make_score_matching(const Problem& all, const Options&, const RunSettings& settings) {
  refuse(why_no_score_matching(all));
  return
      [executor = settings.executor, scale = column_scales(all.y)](
          const Problem& batch, std::int64_t) { return score_matching(batch, scale, *executor); };
}

Criterion make_denoising(const Problem& all, const Options& train, const RunSettings& settings) {
  refuse(why_no_score_matching(all));
  return [executor = settings.executor, scale = column_scales(all.y),
          noise_scale = train.real("noise_scale"),
          seed = derive_seed(settings.seed, "noise")](const Problem& batch, std::int64_t update) {
    return denoising_score_matching(batch, scale, noise_scale,
                                    draw_normals(batch.rows(), batch.y.cols(), seed, update),
                                    *executor);
  };
}

Criterion make_sliced(const Problem& all, const Options& train, const RunSettings& settings) {
  refuse(why_no_score_matching(all));
  return [executor = settings.executor, scale = column_scales(all.y),
          slices = train.integer("slices"),
          seed = derive_seed(settings.seed, "slices")](const Problem& batch, std::int64_t update) {
    return sliced_score_matching(
        batch, scale, draw_signs(slices, batch.rows(), batch.y.cols(), seed, update), *executor);
  };
}

constexpr std::array<CriterionRow, 7> rows{{
    {"pseudo_likelihood", "each column of a finite y given all others", false,
     make_pseudo_likelihood},
    {"ratio_matching", "ratios p(y) / p(y with a bit or spin flipped)", false, make_ratio_matching},
    {"nce", "data told from noise, log Z fitted; models without x", true, make_nce},
    {"ranking_nce", "the datum found among draws of noise", true, make_ranking_nce},
    {"score_matching", "derivatives of log p in a real y", false, make_score_matching},
    {"denoising_score_matching", "the same of data with noise", true, make_denoising},
    {"sliced_score_matching", "the same along random directions", true, make_sliced},
}};

const CriterionRow& find_criterion(const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const CriterionRow& row) { return row.name == name; });
  if (found == rows.end()) {
    std::vector<std::string> known;
    for (const CriterionRow& row : rows) {
      known.emplace_back(row.name);
    }
    throw ConfigError(unknown_name("criterion", name, known));
  }
  return *found;
}

Criterion make(const CriterionRow& row, const Problem& problem, const Options& train,
               const RunSettings& settings) {
  try {
    return row.make(problem, train, settings);
  } catch (const ConfigError& refused) {
    throw ConfigError(fmt::format("loss = \"{}\": {}", row.name, refused.what()));
  }
}

}  // namespace

std::span<const CriterionRow> criteria() { return rows; }

bool is_criterion(const std::string& loss) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const CriterionRow& row) { return row.name == loss; });
}

CriterionObjective::CriterionObjective(const std::string& name, const Problem& problem,
                                       const Options& train, const RunSettings& settings)
    : batches_(problem, train.integer("batch"), settings.seed, train.real("data_noise")),
      name_(name),
      criterion_(make(find_criterion(name), problem, train, settings)),
      draws_(find_criterion(name).draws) {
  check_gradients(problem.model, problem.x, problem.y, 1);
}

CriterionObjective::Result CriterionObjective::at(const AnyModel& model, std::int64_t update) {
  CriterionValue found = criterion_(batches_.next(model, update), update);
  counts_.energy_evaluations += found.evaluations;
  Result result{std::move(found.gradient), {}};
  if (!draws_) {
    result.value = found.value;
  }
  result.loss = LossReport{found.value, {}, {}};
  return result;
}

std::string CriterionObjective::why_no_line_search() const {
  if (draws_) {
    return fmt::format("loss = \"{}\", which draws anew at each update; take adam", name_);
  }
  return batches_.is_always_the_same()
             ? ""
             : fmt::format(
                   "a part of the rows, or noised ones: it needs batch >= {}, the number of rows, "
                   "and no data_noise",
                   batches_.all().rows());
}

void CriterionObjective::save(SavedState& state) const {
  batches_.save(state);
  state.put("counts", counts_);
}

void CriterionObjective::restore(const SavedState& state) {
  batches_.restore(state);
  state.get("counts", counts_);
}

}  // namespace negphase
