#include <nlohmann/json.hpp>

#include "comparison.hpp"
#include "diagnosis.hpp"
#include "results.hpp"
#include "run_verdict.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

Json exact_of(const Comparison& c) {
  if (!c.exact) {
    return {{"method", nullptr}, {"why_not", c.why_no_exact}};
  }
  return {{"method", c.exact_method},
          {"mean", json_array(c.exact->mean)},
          {"positive", json_array(c.exact->positive)},
          {"negative", json_array(c.exact->negative)},
          {"energy_evaluations", c.exact->energy_evaluations},
          {"timing", {{"seconds", c.exact->seconds}}}};
}

// The keys of an exact comparison are missing where there is none, not null: no point has them
// then.
Json trace_of(const Comparison& c, std::size_t i) {
  Json all = Json::array();
  for (const ConvergencePoint& p : c.traces[i]) {
    Json point{{"draws", p.draws},
               {"energy_evaluations", p.energy_evaluations},
               {"gradient_evaluations", p.gradient_evaluations},
               {"warmup_evaluations", p.warmup_evaluations},
               {"norm", p.norm},
               {"noise", p.noise}};
    if (c.exact) {
      point["relative_error"] = p.relative_error;
      point["relative_error_se"] = p.relative_error_se;
      point["relative_noise"] = p.relative_noise;
      point["rms_z"] = p.rms_z;
      point["worst_z"] = p.worst_z;
      point["coverage"] = p.coverage;
    }
    point["effective_size_min"] = p.effective_size_min;
    point["effective_size_median"] = p.effective_size_median;
    point["timing"] = {{"seconds", p.seconds}};
    all.push_back(std::move(point));
  }
  return all;
}

// null where no coupled chains were asked to say it
Json start_up_of(const std::optional<StartUp>& s) {
  if (!s) {
    return nullptr;
  }
  return {{"pairs", s->pairs},
          {"lag", s->lag},
          {"not_met", s->not_met},
          {"median", s->median},
          {"percentile_99", s->percentile_99},
          {"longest", s->longest},
          {"after", s->after},
          {"bound", s->bound.mean},
          {"bound_se", s->bound.standard_error},
          {"bound_upper", s->upper}};
}

Json row_of(const Comparison& c, std::size_t i) {
  const PlannedRow& row = c.rows[i];
  const GradientEstimate& e = c.estimates[i];
  Json json{{"label", row.label}};
  if (row.sampler) {
    json["sampler"] = {{"name", row.sampler->name}, {"options", json_options(row.sampler_options)}};
  } else {
    json["sampler"] = nullptr;
  }
  json["estimator"] = {{"name", row.estimator->name},
                       {"options", json_options(row.estimator_options)}};
  if (const auto& against = c.against_exact[i]) {
    json["relative_error"] = against->relative_error;
    json["cosine"] = against->cosine;
    json["rms_z"] = against->rms_z;
    json["worst_z"] = against->worst_z;
    json["z"] = json_array(against->z);
  }
  json["mean"] = json_array(e.mean);
  json["standard_error"] = json_array(e.standard_error);
  json["degrees_of_freedom"] = json_array(e.degrees_of_freedom);
  json["effective_size"] = json_array(e.effective_size);
  json["positive"] = json_array(e.positive);
  json["negative"] = json_array(e.negative);
  json["positive_standard_error"] = json_array(e.positive_error);
  json["negative_standard_error"] = json_array(e.negative_error);
  json["positive_is_exact"] = e.positive_is_exact;
  json["chains"] = e.chains;
  json["draws"] = e.draws;
  json["acceptance"] = e.acceptance;
  json["energy_evaluations"] = e.energy_evaluations;
  json["gradient_evaluations"] = e.gradient_evaluations;
  json["nan_proposals"] = e.nan_proposals;
  json["forbidden_proposals"] = e.forbidden_proposals;
  json["start_up"] = start_up_of(e.start_up);
  json["positive_start_up"] = start_up_of(e.positive_start_up);
  json["mixing"] = json_mixing(e.mixing);
  json["positive_mixing"] = json_mixing(e.positive_mixing);
  if (const auto& ages = e.chain_ages) {
    json["chain_ages"] = {{"mean", ages->mean}, {"min", ages->least}, {"max", ages->most}};
  }
  if (const auto& loss = e.loss) {
    json["nll"] = {{"mean", loss->nll},
                   {"standard_error", loss->standard_error},
                   {"degrees_of_freedom", loss->degrees_of_freedom},
                   {"jensen_bias", loss->jensen_bias},
                   {"log_z", loss->log_z},
                   {"weight_share", loss->weight_share}};
  }
  json["trace"] = trace_of(c, i);
  json["verdict"] = json_verdict(run_verdict(e.warnings, e.mixing));
  json["warnings"] = json_warnings(e.warnings);
  const EffectiveRate rate = effective_rate(e);
  json["timing"] = {{"seconds", e.seconds},
                    {"effective_per_second_min", rate.least},
                    {"effective_per_second_median", rate.median}};
  return json;
}

}  // namespace

Json to_json(const Comparison& c, const CommonArguments& common) {
  Json json = json_head("gradient", c.file, common);
  if (c.stopped_of > 0) {
    json["incomplete"] = true;
  }
  json["problem"] = json_problem(c.file);
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
