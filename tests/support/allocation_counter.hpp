#pragma once

namespace negphase::testing {

/// Counts what this thread takes from the heap while it lives: operator new and malloc alike (Eigen
/// calls malloc itself).
class AllocationCounter {
 public:
  AllocationCounter();
  long count() const;
  /// False under sanitizers and outside glibc, where nothing is counted.
  static bool works();

 private:
  long before_;
};

}  // namespace negphase::testing
