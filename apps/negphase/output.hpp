#pragma once
#include <string_view>

namespace negphase::tool {

/// Writes to stdout. Throws IoError with the system's reason: a full disk is no success.
void print(std::string_view text);

/// Hands everything printed so far to the system; call before work that lasts and at the end.
void flush_output();

/// Whether stdout, stderr is a terminal.
bool stdout_is_terminal();
bool stderr_is_terminal();

}  // namespace negphase::tool
