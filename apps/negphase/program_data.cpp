#include "program_data.hpp"

#include <fmt/core.h>

#include <array>

#include "negphase/core/error.hpp"

namespace negphase::tool {

std::filesystem::path data_folder(const char* file) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const std::array<fs::path, 2> folders{program.parent_path().parent_path() / "share" / "negphase",
                                        fs::path(NEGPHASE_DATA_DIR)};
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / file, ignored)) {
      return folder;
    }
  }
  throw IoError(
      fmt::format("{} is neither in {} nor in {}; install negphase again, or run it from "
                  "its source tree",
                  file, folders[0].string(), folders[1].string()));
}

}  // namespace negphase::tool
