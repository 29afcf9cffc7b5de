#pragma once
#include <vector>

#include "negphase/gradient/training.hpp"

namespace negphase::testing {

inline const Executor& one_thread() {
  static const Executor one(1);
  return one;
}

inline Options training_options(const std::vector<GivenOption>& given) {
  return Options::resolve("[train]", train_options(), given);
}

}  // namespace negphase::testing
