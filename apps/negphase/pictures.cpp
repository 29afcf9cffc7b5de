#include "pictures.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "negphase/exact/exact.hpp"
#include "negphase/exact/gaussian_regression.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/run/sampling.hpp"
#include "results.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

constexpr Index grid_points = 201;
constexpr Index chains_on_row = 100, draws_of_chain = 5, warmup = 2000, thin = 20;
constexpr Index data_pictures = 16, drawn_pictures = 32, picture_steps = 1000;
// Energies times parameters that all pictures of a kind may take: seconds.
constexpr double most_work = 4e9;

/// What all pictures of a run are made of.
struct Source {
  const ProblemFile& file;
  Problem problem;
  const AnySampler* sampler;
  RunSettings settings;

  bool is_conditional() const { return problem.model.shape().num_x > 0; }
  double num_params() const { return static_cast<double>(problem.model.shape().num_params); }
};

double raw(const DataColumn& column, double value) { return value * column.scale + column.mean; }

Eigen::VectorXd raw(const DataColumn& column, const Eigen::VectorXd& values) {
  return (values.array() * column.scale + column.mean).matrix();
}

Json names_of(const std::vector<DataColumn>& columns) {
  Json names = Json::array();
  for (const DataColumn& column : columns) {
    names.push_back(column.name);
  }
  return names;
}

// ---- profiles

// Rows whose first x lies nearest to these quantiles of it; the first row without x.
std::vector<Index> rows_to_show(const Source& s) {
  if (!s.is_conditional()) {
    return {0};
  }
  std::vector<Index> by_x(static_cast<std::size_t>(s.problem.rows()));
  std::iota(by_x.begin(), by_x.end(), Index{0});
  std::stable_sort(by_x.begin(), by_x.end(),
                   [&](Index a, Index b) { return s.problem.x(a, 0) < s.problem.x(b, 0); });
  std::vector<Index> rows;
  for (const double quantile : {0.1, 0.3, 0.5, 0.7, 0.9}) {
    const double place = quantile * static_cast<double>(by_x.size() - 1);
    const Index row = by_x[static_cast<std::size_t>(std::lround(place))];
    if (rows.empty() || s.problem.x(row, 0) > s.problem.x(rows.back(), 0)) {
      rows.push_back(row);
    }
  }
  return rows;
}

/// F and the exact law of y on one row of x.
class RowLaw {
 public:
  RowLaw(const Source& s, const Eigen::MatrixXd& x) : s_(s), x_(x) {
    answer_ = solve_exact_with_moments(s.problem.model, x, s.problem.beta, {}, *s.settings.executor,
                                       s.problem.y.colwise().mean().transpose());
  }
  double mean() const { return answer_.mean[0]; }
  double deviation() const { return answer_.deviation[0]; }
  /// F_W(x, y) (M1) at each of y.
  PerChain free_energy(const Eigen::VectorXd& y) const {
    const AnyModel& model = s_.problem.model;
    const std::vector<Index> rows(static_cast<std::size_t>(y.size()), 0);
    const AnyEnergy<double> energy = model.bind_double(model.prepare(x_), rows);
    const std::vector<Index> latents = latent_columns(model.shape());
    PerChain values(y.size());
    if (latents.empty()) {
      energy.energy(y, values);
    } else {
      energy.summed_out(latents, s_.problem.beta).energy(y, values);
    }
    return values;
  }
  PerChain density(const PerChain& free_energy) const {
    return (-s_.problem.beta * free_energy - answer_.log_z[0]).exp();
  }

 private:
  const Source& s_;
  Eigen::MatrixXd x_;
  ExactAnswer answer_;
};

Eigen::VectorXd grid_between(double low, double high, Index points) {
  return Eigen::VectorXd::LinSpaced(points, low, high);
}

// The middle 90 % of the draws, as the report shows: a few chains of 100 that have not come home
// yet, far out where the energy is flat, would leave the density a needle.
std::pair<double, double> middle_of(const Eigen::VectorXd& draws) {
  std::vector<double> sorted(draws.begin(), draws.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t beyond = sorted.size() / 20;
  return {sorted[beyond], sorted[sorted.size() - 1 - beyond]};
}

// Where the density is above 1e-4 of its maximum, and the middle of the draws.
Eigen::VectorXd grid_of(const RowLaw& law, const Eigen::VectorXd& draws) {
  constexpr double negligible = 1e-4;
  constexpr Index scan_points = 4001;
  double reach = 5 * law.deviation();
  Eigen::VectorXd scan;
  PerChain density;
  for (int doubled = 0; doubled < 20; ++doubled, reach *= 2) {
    scan = grid_between(law.mean() - reach, law.mean() + reach, scan_points);
    density = law.density(law.free_energy(scan));
    const double floor = negligible * density.maxCoeff();
    if (density[0] < floor && density[scan_points - 1] < floor) {
      break;
    }
  }
  Index first = 0, last = scan_points - 1;
  const double floor = negligible * density.maxCoeff();
  while (first + 1 < last && density[first + 1] < floor) {
    ++first;
  }
  while (last - 1 > first && density[last - 1] < floor) {
    --last;
  }
  double low = scan[first], high = scan[last];
  if (draws.size() > 0) {
    const auto [lower, upper] = middle_of(draws);
    low = std::min(low, lower);
    high = std::max(high, upper);
  }
  return grid_between(low, high, grid_points);
}

// [draws of row k, in column k], in the model's units; none without a sampler, or where it fails.
Eigen::MatrixXd draws_on_rows(const Source& s, const Eigen::MatrixXd& x, Json& why_not) {
  const Index rows = x.rows(), chains = chains_on_row * rows;
  const Schedule schedule{warmup, draws_of_chain, thin};
  if (s.sampler == nullptr) {
    why_not["negatives"] = "no sampler";
  } else if (static_cast<double>(chains * schedule.steps()) * s.num_params() > most_work) {
    why_not["negatives"] =
        fmt::format("{} parameters make draws for a picture too expensive", s.num_params());
  }
  if (why_not.contains("negatives")) {
    return Eigen::MatrixXd(0, rows);
  }
  const std::uint64_t seed = derive_seed(s.settings.seed, "pictures");
  const ModelShape shape = s.problem.model.shape();
  SamplingPlan plan{chains, schedule, {}};
  plan.start = [shape, seed, at_row = start_at_random_rows(s.problem, seed)](
                   Index chain, Index row, std::span<double> position) {
    const auto num_y = static_cast<std::size_t>(shape.num_y());
    at_row(chain, row, position.first(num_y));
    random_position(shape.z, derive_seed(seed, "z"), chain, position.subspan(num_y));
  };
  const Draws drawn =
      sample_chains(s.problem.model, x, s.problem.beta, *s.sampler, plan, s.settings);
  Eigen::MatrixXd by_row(chains_on_row * draws_of_chain, rows);
  for (Index c = 0; c < chains; ++c) {
    by_row.col(c % rows).segment(c / rows * draws_of_chain, draws_of_chain) =
        drawn.of_chain(c).col(0);
  }
  return by_row;
}

// The Gaussian regression on a row, and what both laws say of its mean. Densities per raw unit.
Json regression_on(const GaussianRegression& regression, const RowLaw& law,
                   const Eigen::MatrixXd& x, const DataColumn& y) {
  const Eigen::VectorXd mean = regression.mean(x).col(0);
  const double deviation = regression.deviation()[0] * y.scale;
  return {{"mean", raw(y, mean[0])},
          {"standard_deviation", deviation},
          {"density_at_mean", 1 / (std::sqrt(2 * std::numbers::pi) * deviation)},
          {"model_density_at_mean", law.density(law.free_energy(mean))[0] / y.scale}};
}

Json profile_on(const Source& s, Index row, const Eigen::VectorXd& draws,
                const std::optional<GaussianRegression>& regression) {
  const DataColumn& y = s.file.data.y_columns[0];
  const auto& sources = s.file.config.data->part == DataPart::test ? s.file.data.sources.test
                                                                   : s.file.data.sources.train;
  const Eigen::MatrixXd x = s.problem.x.row(row);
  const RowLaw law(s, x);
  const Eigen::VectorXd grid = grid_of(law, draws);
  const PerChain free_energy = law.free_energy(grid);
  Eigen::VectorXd x_raw = x.row(0).transpose();
  for (Index j = 0; j < x_raw.size(); ++j) {
    x_raw[j] = raw(s.file.data.x_columns[static_cast<std::size_t>(j)], x_raw[j]);
  }
  Json json;
  json["row"] = s.is_conditional() ? Json(sources[static_cast<std::size_t>(row)] + 1) : Json();
  json["x"] = json_array(x_raw);
  json["y_observed"] = s.is_conditional() ? Json(raw(y, s.problem.y(row, 0))) : Json();
  json["y"] = json_array(raw(y, grid));
  json["free_energy"] = json_array((free_energy - free_energy.minCoeff()).matrix());
  json["density"] = json_array((law.density(free_energy) / y.scale).matrix());
  json["negatives"] = json_array(raw(y, draws));
  json["regression"] = regression ? regression_on(*regression, law, x, y) : Json();
  return json;
}

std::string why_no_profile(const Source& s, Index rows) {
  const ModelShape shape = s.problem.model.shape();
  if (shape.num_y() != 1 || shape.y[0].kind != ColumnKind::real) {
    return "y is not one real column";
  }
  const Eigen::MatrixXd x = s.problem.x.topRows(std::min(rows, s.problem.rows()));
  const ExactPlan plan = plan_exact(s.problem.model, x, s.problem.beta);
  if (plan.method.empty()) {
    return plan.why_not;
  }
  if (plan.states * s.num_params() > most_work) {
    return fmt::format("{} parameters make it too expensive", s.num_params());
  }
  const std::vector<Index> latents = latent_columns(shape);
  const std::array<Index, 1> first{0};
  const AnyEnergy<double> energy =
      s.problem.model.bind_double(s.problem.model.prepare(s.problem.x), first);
  return latents.empty() || energy.can_sum_out(latents) ? ""
                                                        : "z cannot be summed out of this model";
}

Json profiles_of(const Source& s, Json& why_not) {
  const std::vector<Index> rows = rows_to_show(s);
  if (const std::string why = why_no_profile(s, static_cast<Index>(rows.size())); !why.empty()) {
    why_not["profiles"] = why;
    return {};
  }
  const Eigen::MatrixXd x = s.problem.x(rows, Eigen::all);
  Eigen::MatrixXd draws(0, x.rows());
  try {
    draws = draws_on_rows(s, x, why_not);
  } catch (const Error& failed) {  // chains that diverge: the law can be shown all the same
    why_not["negatives"] = failed.what();
  }
  const auto regression = s.is_conditional() ? GaussianRegression::fit(s.file.data.x, s.file.data.y)
                                             : std::optional<GaussianRegression>();
  Json json{{"y", s.file.data.y_columns[0].name},
            {"x", names_of(s.file.data.x_columns)},
            {"sampler", s.sampler == nullptr ? Json() : Json(s.sampler->name)},
            {"beta", s.problem.beta},
            {"rows", Json::array()}};
  for (std::size_t k = 0; k < rows.size(); ++k) {
    json["rows"].push_back(profile_on(s, rows[k], draws.col(static_cast<Index>(k)), regression));
  }
  return json;
}

// ---- images

// `most` rows of `all`, spread evenly; all of them where they are no more.
std::vector<Index> spread_rows(Index all, Index most) {
  std::vector<Index> rows;
  for (Index i = 0; i < std::min(all, most); ++i) {
    rows.push_back(i * all / std::min(all, most));
  }
  return rows;
}

// A picture a row, in the units of the file.
Json pictures_of(const Source& s, const Eigen::MatrixXd& y) {
  Json all = Json::array();
  for (Index i = 0; i < y.rows(); ++i) {
    Json pixels = Json::array();
    for (Index j = 0; j < y.cols(); ++j) {
      pixels.push_back(raw(s.file.data.y_columns[static_cast<std::size_t>(j)], y(i, j)));
    }
    all.push_back(std::move(pixels));
  }
  return all;
}

// The smallest and largest value of a pixel: of its states, or where it is real of the data.
std::pair<double, double> range_of(const Source& s) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  const ModelShape shape = s.problem.model.shape();
  for (Index j = 0; j < shape.num_y(); ++j) {
    const Column& column = shape.y[static_cast<std::size_t>(j)];
    const DataColumn& named = s.file.data.y_columns[static_cast<std::size_t>(j)];
    const bool finite = column.num_states > 0;
    const double first = finite ? state_code(column, 0) : s.problem.y.col(j).minCoeff();
    const double last =
        finite ? state_code(column, column.num_states - 1) : s.problem.y.col(j).maxCoeff();
    low = std::min(low, raw(named, first));
    high = std::max(high, raw(named, last));
  }
  return {low, high};
}

Eigen::MatrixXd last_draws(const Source& s, const std::vector<Index>& rows, Index steps) {
  const ModelShape shape = s.problem.model.shape();
  const Eigen::MatrixXd start = s.problem.y(rows, Eigen::all);
  const std::uint64_t seed = derive_seed(s.settings.seed, "pictures z");
  SamplingPlan plan{drawn_pictures, {steps - 1, 1, 1}, {}};
  plan.start = [=](Index chain, Index, std::span<double> position) {
    const auto num_y = static_cast<std::size_t>(shape.num_y());
    for (std::size_t j = 0; j < num_y; ++j) {
      position[j] = start(chain % start.rows(), static_cast<Index>(j));
    }
    random_position(shape.z, seed, chain, position.subspan(num_y));
  };
  const Draws drawn = sample_chains(s.problem.model, s.problem.x(rows, Eigen::all), s.problem.beta,
                                    *s.sampler, plan, s.settings);
  return drawn.values.leftCols(shape.num_y());
}

Json images_of(const Source& s, Json& why_not) {
  const auto& image = s.file.config.data->image;
  if (!image) {
    why_not["images"] = "[data] does not say that y is an image";
    return {};
  }
  const auto [low, high] = range_of(s);
  Json json{{"height", image->rows}, {"width", image->columns}, {"low", low}, {"high", high}};
  json["data"] =
      pictures_of(s, s.problem.y(spread_rows(s.problem.rows(), data_pictures), Eigen::all));
  json["negatives"] = Json::array();
  json["how"] = "no sampler";
  const double affordable = most_work / (drawn_pictures * s.num_params());
  const Index steps = static_cast<Index>(std::min<double>(picture_steps, affordable));
  if (s.sampler != nullptr && steps < 1) {
    json["how"] = fmt::format("none: {} parameters make a step too expensive", s.num_params());
  } else if (s.sampler != nullptr) {
    try {
      json["negatives"] =
          pictures_of(s, last_draws(s, spread_rows(s.problem.rows(), drawn_pictures), steps));
      json["how"] = fmt::format("{} chains of {}, {} steps from data rows", drawn_pictures,
                                s.sampler->name, steps);
    } catch (const Error& failed) {
      json["how"] = std::string("none: ") + failed.what();
    }
  }
  return json;
}

// A picture that fails is no reason to lose the run that it belongs to.
template <class Make>
Json or_why_not(const std::string& name, Json& why_not, const Make& make) {
  try {
    return make();
  } catch (const Error& failed) {
    why_not[name] = failed.what();
    return {};
  }
}

}  // namespace

Json make_pictures(const ProblemFile& file, const AnyModel& model, const AnySampler* sampler,
                   const CommonArguments& common) {
  // deaf to signals: the run is done, and is written when this is
  const Executor executor(common.threads);
  RunSettings settings = run_settings(file.config, common, executor);
  settings.stop = nullptr;
  const Problem& p = file.problem;
  const Source source{file, {model, p.x, p.y, p.beta}, sampler, settings};
  Json json, why_not = Json::object();
  json["profiles"] = or_why_not("profiles", why_not, [&] { return profiles_of(source, why_not); });
  json["images"] = or_why_not("images", why_not, [&] { return images_of(source, why_not); });
  json["why_not"] = why_not;
  return json;
}

}  // namespace negphase::tool
