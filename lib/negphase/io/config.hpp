#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/block.hpp"
#include "negphase/core/options.hpp"
#include "negphase/io/data_spec.hpp"

namespace negphase {

/// A model, sampler or estimator as somebody named it, with its options as written.
struct NamedThing {
  std::string name;
  FilePlace place;
  std::vector<GivenOption> options;
};

/// Where parameters come from: written in the file, or another file's name.
struct ParamsSource {
  std::vector<double> values;
  std::filesystem::path file;  ///< empty: `values` count
  FilePlace place;
  bool given = false;
};

/// One row of a comparison: the base tables with what differs merged in. Nothing where neither the
/// base nor the entry has the table.
struct CompareRow {
  std::string label;  ///< "" where none was written
  FilePlace place;
  std::optional<NamedThing> sampler, estimator;
};

/// A configuration file, checked and without its syntax (lib/negphase/io/README.md documents every
/// key).
struct RunConfig {
  std::filesystem::path file;
  std::uint64_t seed = 1;
  Index block_width = default_block_width;
  double beta = 1;
  NamedThing model;
  ParamsSource params;
  std::optional<DataSpec> data;
  std::optional<NamedThing> sampler, estimator;  ///< the base
  /// The base ([sampler] and [estimator]), then each [[compare]]; the base is left out where it
  /// lacks one of the two and there is a [[compare]].
  std::vector<CompareRow> rows;
  std::map<std::string, NamedThing>
      verbs;  ///< [train] and the like; NamedThing::name = table's name
};

/// A legal name and the options that go with it: what configuration checks need of a registry.
struct LegalThing {
  std::string_view name;
  std::span<const OptionSpec> options;
};

/// Everything that may be named in a file.
struct LegalNames {
  std::vector<LegalThing> models, samplers, estimators;
  std::vector<LegalThing> verbs;  ///< tables of options at the top: "train"
};

/// Reads and checks a TOML file. `sets` are replacements from the command line, "a.b=1": the value
/// in TOML syntax, or else a string; a number in the path counts array entries from 0. Paths in the
/// file are relative to its folder, paths in `sets` to the current one. Throws IoError (cannot be
/// read), UsageError (a set without '='), ConfigError with all complaints at once: unknown key or
/// name with the nearest legal one, wrong type, out of range, missing, duplicate key, syntax.
RunConfig read_config(const std::filesystem::path& file, const std::vector<std::string>& sets,
                      const LegalNames& legal);

}  // namespace negphase
