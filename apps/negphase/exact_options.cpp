#include "exact_options.hpp"

#include "negphase/gradient/registry.hpp"

namespace negphase::tool {

std::span<const OptionSpec> exact_options() {
  static const std::vector<OptionSpec> all = [] {
    std::vector<OptionSpec> options = find_estimator("exact").options;
    options.push_back({"hessian", false,
                       "second derivatives of the NLL as well (M10), for at most 200 parameters"});
    return options;
  }();
  return all;
}

}  // namespace negphase::tool
