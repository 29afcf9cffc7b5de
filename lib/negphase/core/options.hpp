#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

/// The value of an option. Integers convert to double where a number is wanted, nothing else does.
using OptionValue = std::variant<bool, std::int64_t, double, std::string>;

/// What a sampler, model or estimator can be told: the row that `negphase list`, the help, the
/// configuration checks and the tests loop over. The type is that of `fallback`.
struct OptionSpec {
  std::string_view name;
  OptionValue fallback;
  std::string_view doc;  ///< one sentence
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_is_legal = true;                    ///< false: > low, not >= low
  std::string_view unit = "";                  ///< "steps", "1/energy", ...
  std::vector<std::string_view> choices = {};  ///< legal words of a string option; empty: any
  bool required = false;                       ///< no default: it must be given
};

/// An option as somebody wrote it, with its place for messages.
struct GivenOption {
  std::string name;
  OptionValue value;
  FilePlace place;
};

/// Legal, complete option values of one thing.
class Options {
 public:
  /// Checks `given` against `specs` and fills in the defaults. All complaints at once: unknown name
  /// (with the nearest legal one), wrong type, out of range, missing. `owner` is "sampler 'mala'".
  /// Throws ConfigError.
  static Options resolve(std::string_view owner, std::span<const OptionSpec> specs,
                         std::span<const GivenOption> given);

  double real(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::string& word(std::string_view name) const;

  struct Entry {
    std::string name;
    OptionValue value;
  };
  /// In the order of the specs.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  const OptionValue& at(std::string_view name) const;
  std::vector<Entry> entries_;
};

/// "number > 0, default 0.1, 1/energy" — what help, list and messages say of an option.
std::string describe_range(const OptionSpec& spec);
std::string to_string(const OptionValue& value);

}  // namespace negphase
