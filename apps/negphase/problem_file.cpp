#include "problem_file.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "exact_options.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/inference/infer_options.hpp"
#include "negphase/io/couplings_file.hpp"
#include "negphase/io/params_file.hpp"
#include "negphase/io/state_codes.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "negphase/run/sampling.hpp"
#include "signals.hpp"

namespace negphase::tool {

namespace {

std::string names(const std::vector<DataColumn>& columns) {
  if (columns.size() > 3) {
    return fmt::format("{} .. {} ({})", columns.front().name, columns.back().name, columns.size());
  }
  std::string all;
  for (const DataColumn& column : columns) {
    all += (all.empty() ? "" : ", ") + column.name;
  }
  return all;
}

void check_data_is_there(const RunConfig& config) {
  if (!config.data) {
    throw ConfigError(
        {config.file.string(), 0, 0},
        fmt::format("[data] is missing; it has the keys {}", fmt::join(data_keys(), ", ")));
  }
}

std::optional<GivenCouplings> given_couplings(const Options& options, Index num_sites) {
  const std::string file = couplings_file(options);
  return file.empty() ? std::optional<GivenCouplings>() : read_couplings(file, num_sites);
}

AnyModel with_params(const AnyModel& model, const ParamsSource& source,
                     const FilePlace& model_place, const ModelRow& row, ParamsAre are) {
  if (source.given) {
    return model.with_params(read_params(source));
  }
  if (are == ParamsAre::required) {
    throw ConfigError(model_place,
                      fmt::format("[model] needs the key params: {} numbers or the name of a .npy "
                                  "or .csv file ({}); `negphase train` finds them, and its "
                                  "trained.toml names them",
                                  model.shape().num_params, row.param_order));
  }
  return model;
}

}  // namespace

LegalNames legal_names() {
  LegalNames legal;
  for (const ModelRow& row : model_registry()) {
    legal.models.push_back({row.name, row.options});
  }
  for (const SamplerRow& row : sampler_registry()) {
    legal.samplers.push_back({row.name, row.options});
  }
  for (const EstimatorRow& row : estimator_registry()) {
    legal.estimators.push_back({row.name, row.options});
  }
  legal.verbs.push_back({"train", train_options()});
  legal.verbs.push_back({"sample", sample_options()});
  legal.verbs.push_back({"infer", infer_options()});
  legal.verbs.push_back({"exact", exact_options()});
  return legal;
}

std::optional<Problem> ProblemFile::test_problem() const {
  if (data.sources.test.empty()) {
    return {};
  }
  return Problem{problem.model, data.x_test, data.y_test, problem.beta};
}

std::string couplings_file(const Options& model_options) {
  for (const Options::Entry& entry : model_options.entries()) {
    if (entry.name == "couplings_file") {
      return std::get<std::string>(entry.value);
    }
  }
  return "";
}

std::string ProblemFile::description() const {
  const auto rows = problem.rows();
  const auto held_out = data.sources.test.size();
  const bool is_test = config.data->part == DataPart::test;
  const Index num_params = problem.model.shape().num_params;
  std::string text =
      fmt::format("{}, {} parameter{}, on {}{} row{} of {}", config.model.name, num_params,
                  num_params == 1 ? "" : "s", rows, is_test ? " held-out" : "",
                  rows == 1 ? "" : "s", config.data->file.filename().string());
  std::vector<std::string> facts;
  if (held_out > 0 && !is_test) {
    facts.push_back(fmt::format("{} held out", held_out));
  }
  if (data.num_dropped > 0) {
    facts.push_back(fmt::format("{} with missing values dropped", data.num_dropped));
  }
  if (!facts.empty()) {
    text += fmt::format(" ({})", fmt::join(facts, ", "));
  }
  text += ": y = " + names(data.y_columns);
  if (!data.x_columns.empty()) {
    text += ", x = " + names(data.x_columns);
  }
  return text;
}

std::string ProblemFile::about_y() const {
  const auto& y = data.y_columns;
  std::string text = y.size() == 1 ? "y.1 is " + y.front().name
                                   : fmt::format("y.1 .. y.{} are {}", y.size(), names(y));
  if (std::any_of(y.begin(), y.end(),
                  [](const DataColumn& column) { return column.standardized; })) {
    text += ", standardized: the file's values less their mean, over their standard deviation";
  }
  return text + "\n";
}

ProblemFile load_problem(const std::string& file, const CommonArguments& common, ParamsAre params) {
  RunConfig config = read_config(file, common.sets, legal_names());
  if (common.seed) {
    config.seed = *common.seed;
  }
  return load_problem(std::move(config), params);
}

ProblemFile load_problem(RunConfig config, ParamsAre params) {
  check_data_is_there(config);
  const DataSpec& spec = *config.data;
  if (params == ParamsAre::optional && spec.part == DataPart::test) {
    throw ConfigError(spec.part_place,
                      "[data]: part = \"test\" is for gradient, exact and sample; training takes "
                      "the rows that are not held out");
  }
  const ModelRow& row = find_model(config.model.name);
  Options options =
      Options::resolve(fmt::format("model '{}'", row.name), row.options, config.model.options);

  Complaints complaints;
  const Table table = read_data(spec);
  Dataset data;
  std::optional<AnyModel> model;
  if (complaints.collect({}, [&] { data = make_dataset(spec, table); })) {
    std::optional<GivenCouplings> couplings;
    const bool can_make =
        complaints.collect({}, [&] { couplings = given_couplings(options, data.y.cols()); });
    const DataShape shape{data.x.cols(), data.y.cols(), data.y_states(),
                          couplings ? &*couplings : nullptr};
    if (couplings && couplings->has_values) {
      params = ParamsAre::optional;
    }
    if (can_make && complaints.collect(spec.place, [&] { model = row.make(options, shape); })) {
      complaints.collect({}, [&] { encode_y(data, spec, table, model->shape().y); });
      const FilePlace place = config.params.given ? config.params.place : config.model.place;
      complaints.collect(place, [&] {
        model = with_params(*model, config.params, config.model.place, row, params);
      });
    }
  } else if (config.params.given) {
    complaints.collect({}, [&] { read_params(config.params); });
  }
  complaints.throw_if_any();
  const bool is_test = spec.part == DataPart::test;
  Problem problem{*model, is_test ? data.x_test : data.x, is_test ? data.y_test : data.y,
                  config.beta};
  return {std::move(config), std::move(data), std::move(options), std::move(problem)};
}

AnySampler sampler_for(const NamedThing& thing, const Problem& problem) {
  AnySampler sampler = make_sampler(thing.name, thing.options);
  const std::array<Index, 1> row{0};
  const auto energy = problem.model.bind_double(problem.model.prepare(problem.x), row);
  if (const std::string why = why_not(sampler, energy); !why.empty()) {
    throw ConfigError(fmt::format("sampler '{}' cannot be used here: {}", thing.name, why));
  }
  return sampler;
}

RunSettings run_settings(const RunConfig& config, const CommonArguments& common,
                         const Executor& executor) {
  RunSettings settings;
  settings.executor = &executor;
  settings.seed = config.seed;
  settings.block_width = config.block_width;
  settings.precision = common.precision;
  settings.strict = common.strict;
  settings.stop = &stop_token();
  return settings;
}

}  // namespace negphase::tool
