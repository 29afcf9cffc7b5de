#include <nlohmann/json.hpp>

#include "comparison.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace negphase::tool {

int run_gradient(const std::string& file, const CommonArguments& common) {
  const Executor executor(common.threads);
  Comparison comparison = plan_comparison(file, common, executor);
  run_comparison(comparison, common, executor);
  print(common.json ? to_json(comparison, common).dump(2) + "\n" : format_table(comparison));
  return common.strict && failed_a_check(comparison) ? 7 : 0;
}

}  // namespace negphase::tool
