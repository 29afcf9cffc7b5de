#include "chain_pictures_json.hpp"

#include "report_thinning.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
using Eigen::Index;

// NaN and infinity become null when they are written.
template <class Values>
Json list(const Values& values) {
  Json all = Json::array();
  for (const auto& value : values) {
    all.push_back(value);
  }
  return all;
}

Json list_of_columns(const Eigen::ArrayXXd& values) {
  Json all = Json::array();
  for (Index c = 0; c < values.cols(); ++c) {
    all.push_back(list(values.col(c)));
  }
  return all;
}

Json numbers_from_one(const std::vector<Index>& numbers) {
  Json all = Json::array();
  for (const Index number : numbers) {
    all.push_back(number + 1);
  }
  return all;
}

Json json_ranks(const RankHistogram& ranks) {
  if (ranks.expected.size() == 0) {
    return nullptr;
  }
  return {{"edges", list(ranks.edges)}, {"expected", list(ranks.expected)},
          {"low", list(ranks.low)},     {"high", list(ranks.high)},
          {"time", ranks.time},         {"counts", list_of_columns(ranks.counts)}};
}

// So long a curve is drawn at every k-th lag.
constexpr Index most_lags = 100;

Json json_autocorrelation(const AutocorrelationCurve& curve) {
  if (curve.mean.size() == 0) {
    return nullptr;
  }
  const Index every = (curve.mean.size() + most_lags - 1) / most_lags;
  const auto some = Eigen::seq(0, curve.mean.size() - 1, every);
  return {{"every", every},
          {"mean", list(Eigen::ArrayXd(curve.mean(some)))},
          {"cut", curve.is_cut ? Json(curve.cut) : Json()},
          {"times", list(curve.times)},
          {"typical_time", curve.typical_time},
          {"chains", list_of_columns(curve.of_chain(some, Eigen::indexing::all))}};
}

Json json_growth(const QuantityPictures& quantity) {
  const GrowthCurve& growth = quantity.growth;
  return {{"of_chains", quantity.growth_chains},
          {"draws", list(growth.draws)},
          {"mean", list(growth.mean)},
          {"mcse", list(growth.mcse)},
          {"ess_bulk", list(growth.ess_bulk)},
          {"ess_tail", list(growth.ess_tail)},
          {"chain_means", list_of_columns(growth.chain_means)}};
}

Json json_quantity(const QuantityPictures& quantity) {
  const ChainFigures& figures = quantity.figures;
  return {{"name", quantity.name},
          {"rhat", figures.rhat},
          {"ess_bulk", figures.ess_bulk},
          {"ess_tail", figures.ess_tail},
          {"mean", figures.mean},
          {"mcse_mean", figures.mcse_mean},
          {"flags", figures.flags},
          {"trace",
           {{"every", quantity.trace.every}, {"chains", list_of_columns(quantity.trace.values)}}},
          {"ranks", json_ranks(quantity.ranks)},
          {"autocorrelation", json_autocorrelation(quantity.autocorrelation)},
          {"growth", json_growth(quantity)}};
}

Json json_energy(const ChainPictures& pictures) {
  const EnergyHistogram& energy = pictures.energy;
  if (energy.edges.size() == 0) {
    return nullptr;
  }
  return {{"name", pictures.energy_name},
          {"mean", energy.mean},
          {"edges", list(energy.edges)},
          {"marginal", list(energy.marginal)},
          {"changes", energy.changes.size() > 0 ? list(energy.changes) : Json()}};
}

Json json_pair(const PairPlot& pair) {
  if (pair.x.empty()) {
    return nullptr;
  }
  return {{"x_name", pair.x_name},
          {"y_name", pair.y_name},
          {"x", list(pair.x)},
          {"y", list(pair.y)},
          {"chain", numbers_from_one(pair.chain)},
          {"diverged", pair.diverged},
          {"num_diverged", pair.num_diverged}};
}

}  // namespace

Json json_chain_pictures(const ChainPictures& pictures) {
  Json json{{"num_chains", pictures.num_chains},
            {"num_draws", pictures.num_draws},
            {"num_quantities", pictures.num_quantities},
            {"chains", numbers_from_one(pictures.chains)}};
  json["quantities"] = Json::array();
  for (const QuantityPictures& quantity : pictures.quantities) {
    json["quantities"].push_back(json_quantity(quantity));
  }
  json["energy"] = json_energy(pictures);
  json["pair"] = json_pair(pictures.pair);
  round_numbers(json);
  return json;
}

}  // namespace negphase::tool
