#pragma once
#include <string>

namespace negphase {

/// Something that a reader of a result must know. `code` is stable, `text` says what and what to do
/// about it.
struct Warning {
  std::string code;
  std::string text;
  /// A check that this run did not pass, for --strict; false: a caveat that goes with the method.
  bool is_failed_check = false;
};

}  // namespace negphase
