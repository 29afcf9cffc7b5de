#pragma once
#include <optional>
#include <string>

#include "negphase/core/any_kernel.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/io/complaints.hpp"
#include "negphase/io/config.hpp"
#include "negphase/io/dataset.hpp"
#include "verbs.hpp"

namespace negphase::tool {

/// A configuration file with everything that it names loaded and checked.
struct ProblemFile {
  RunConfig config;
  Dataset data;
  Options model_options;
  Problem problem;  ///< on the rows that [data] part names: those to train on, or those held out

  /// The same on the rows that are held out, scaled as the others; nothing where none are.
  std::optional<Problem> test_problem() const;
  /// "quartic, 4 parameters, on 246 rows of yacht.csv (62 held out): y = residuary_resistance, x =
  /// froude_number"
  std::string description() const;
  /// What y.1 and so on are in the file, and their unit; a line, for tables of them.
  std::string about_y() const;
};

/// Names and options of all registries.
LegalNames legal_names();

/// The model option of that name; "" where the model has none or it is not given.
std::string couplings_file(const Options& model_options);

/// Whether [model] must have params (a file of couplings with values does instead): training may
/// start from the model's own. It takes the rows to train on: part = "test" is refused then.
enum class ParamsAre { required, optional };

/// Reads the configuration, the data and the parameters. Throws IoError, ConfigError with all
/// complaints of the configuration, or else all those of data, model and parameters.
ProblemFile load_problem(const std::string& file, const CommonArguments& common, ParamsAre params);
/// The same of a configuration that was read.
ProblemFile load_problem(RunConfig config, ParamsAre params);

/// The sampler as configured, if it can run on this problem's energy. Throws ConfigError.
AnySampler sampler_for(const NamedThing& sampler, const Problem& problem);

/// How to run what the configuration and the command line say; stops on a signal.
RunSettings run_settings(const RunConfig& config, const CommonArguments& common,
                         const Executor& executor);

}  // namespace negphase::tool
