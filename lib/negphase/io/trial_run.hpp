#pragma once
#include <functional>

namespace negphase {

/// Whether `work` ends its process, by a signal or by itself, or does not end within `seconds` of a
/// processor's time (rounded up), as libraries do on files that are damaged: it is run in a child
/// process first, of which nothing but its end comes back. What it throws there is nothing; false
/// where no child can be had. It must not need other threads of this process.
bool breaks_down(const std::function<void()>& work, double seconds);

}  // namespace negphase
