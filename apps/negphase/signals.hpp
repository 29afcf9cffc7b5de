#pragma once
#include "negphase/core/progress.hpp"

namespace negphase::tool {

/// From now on SIGINT and SIGTERM ask the running work to stop between two steps; a second one ends
/// the process at once.
void catch_signals();

/// What the signals set.
const StopToken& stop_token();

/// 130 after SIGINT, 143 after SIGTERM; 130 if there was none.
int stopped_exit_code();

}  // namespace negphase::tool
