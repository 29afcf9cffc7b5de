#include <nlohmann/json.hpp>

#include "comparison.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

// NaN and infinities become null: JSON has no word for them.
Json array(const Eigen::VectorXd& values) {
  return Json(std::vector<double>(values.begin(), values.end()));
}

Json value_of(const OptionValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Json options_of(const Options& options) {
  Json all = Json::object();
  for (const auto& entry : options.entries()) {
    all[entry.name] = value_of(entry.value);
  }
  return all;
}

Json columns_of(const std::vector<DataColumn>& columns) {
  Json all = Json::array();
  for (const DataColumn& column : columns) {
    Json one{{"name", column.name}};
    if (column.standardized) {
      one["mean"] = column.mean;
      one["standard_deviation"] = column.scale;
    }
    all.push_back(std::move(one));
  }
  return all;
}

Json problem_of(const ProblemFile& file) {
  return {
      {"model", {{"name", file.config.model.name}, {"options", options_of(file.model_options)}}},
      {"num_params", file.problem.model.shape().num_params},
      {"beta", file.problem.beta},
      {"data",
       {{"file", file.config.data->file.string()},
        {"rows", file.problem.rows()},
        {"x", columns_of(file.data.x_columns)},
        {"y", columns_of(file.data.y_columns)}}}};
}

Json exact_of(const Comparison& c) {
  if (!c.exact) {
    return {{"method", nullptr}, {"why_not", c.why_no_exact}};
  }
  return {{"method", c.exact_method},
          {"mean", array(c.exact->mean)},
          {"positive", array(c.exact->positive)},
          {"negative", array(c.exact->negative)},
          {"energy_evaluations", c.exact->energy_evaluations},
          {"timing", {{"seconds", c.exact->seconds}}}};
}

Json row_of(const Comparison& c, std::size_t i) {
  const PlannedRow& row = c.rows[i];
  const GradientEstimate& e = c.estimates[i];
  Json json{{"label", row.label}};
  if (row.sampler) {
    json["sampler"] = {{"name", row.sampler->name}, {"options", options_of(row.sampler_options)}};
  } else {
    json["sampler"] = nullptr;
  }
  json["estimator"] = {{"name", row.estimator->name},
                       {"options", options_of(row.estimator_options)}};
  if (const auto& against = c.against_exact[i]) {
    json["relative_error"] = against->relative_error;
    json["cosine"] = against->cosine;
    json["rms_z"] = against->rms_z;
    json["worst_z"] = against->worst_z;
    json["z"] = array(against->z);
  }
  json["mean"] = array(e.mean);
  json["standard_error"] = array(e.standard_error);
  json["degrees_of_freedom"] = array(e.degrees_of_freedom);
  json["effective_size"] = array(e.effective_size);
  json["positive"] = array(e.positive);
  json["negative"] = array(e.negative);
  json["positive_is_exact"] = e.positive_is_exact;
  json["chains"] = e.chains;
  json["draws"] = e.draws;
  json["acceptance"] = e.acceptance;
  json["energy_evaluations"] = e.energy_evaluations;
  json["gradient_evaluations"] = e.gradient_evaluations;
  json["nan_proposals"] = e.nan_proposals;
  json["forbidden_proposals"] = e.forbidden_proposals;
  Json warnings = Json::array();
  for (const Warning& w : e.warnings) {
    warnings.push_back({{"code", w.code}, {"text", w.text}, {"failed_check", w.is_failed_check}});
  }
  json["warnings"] = std::move(warnings);
  const EffectiveRate rate = effective_rate(e);
  json["timing"] = {{"seconds", e.seconds},
                    {"effective_per_second_min", rate.least},
                    {"effective_per_second_median", rate.median}};
  return json;
}

}  // namespace

Json to_json(const Comparison& c, const CommonArguments& common) {
  Json json{{"negphase", NEGPHASE_VERSION},
            {"verb", "gradient"},
            {"config", c.file.config.file.string()},
            {"seed", c.file.config.seed},
            {"block_width", c.file.config.block_width},
            {"precision", common.precision == Precision::float32 ? "float" : "double"}};
  json["problem"] = problem_of(c.file);
  Json names = Json::array();
  for (Index i = 0; i < c.file.problem.model.shape().num_params; ++i) {
    names.push_back(c.file.problem.model.param_name(i));
  }
  json["parameters"] = std::move(names);
  json["exact"] = exact_of(c);
  json["rows"] = Json::array();
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    json["rows"].push_back(row_of(c, i));
  }
  return json;
}

}  // namespace negphase::tool
