#include "verb_result.hpp"

#include "output.hpp"

namespace negphase::tool {

int print_result(const VerbResult& result, const CommonArguments& common) {
  print(common.json ? result.json.dump(2) + "\n" : result.text);
  return common.strict && result.failed_check ? 7 : 0;
}

}  // namespace negphase::tool
