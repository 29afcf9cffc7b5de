#pragma once
#include <string>
#include <string_view>

namespace negphase::tool {

/// The parts of a verb's manual page that its options do not say themselves.
struct VerbHelp {
  std::string_view name;
  std::string_view doc;          ///< one line, for the list of verbs
  std::string_view description;  ///< paragraphs; an empty line stands between two
  std::string_view out;          ///< what --out holds; "" where the verb has none
  std::string_view examples;     ///< lines of a shell, each with a comment before it
  std::string_view see_also;
};

/// Throws std::out_of_range for a verb that there is not: a bug of the caller.
const VerbHelp& help_of(std::string_view verb);

/// What stands below the options of a verb: files, examples, exit codes, further reading.
std::string below_options(const VerbHelp& help);
/// What stands below the list of verbs.
std::string below_verbs();

/// Paragraphs in lines of at most 80 letters, set in by `indent`; a line that begins with a blank
/// is taken as it is.
std::string wrapped(std::string_view text, std::size_t indent);

}  // namespace negphase::tool
