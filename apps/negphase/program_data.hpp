#pragma once
#include <filesystem>

namespace negphase::tool {

/// The folder of the files that come with the program and among which `file` is: beside an
/// installed program (prefix/bin, prefix/share/negphase), else in the source tree that it was built
/// in. Throws IoError where it is in neither.
std::filesystem::path data_folder(const char* file);

}  // namespace negphase::tool
