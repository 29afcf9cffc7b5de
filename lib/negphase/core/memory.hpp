#pragma once
#include <string>

namespace negphase {

/// Bytes that this process may use: the machine's memory, or less where a limit of the process
/// (ulimit -v) or of its cgroup says so.
double usable_memory();

/// "5.6 GB; this machine has 4 GB of memory to use" where `bytes` are more than that; else "".
std::string memory_shortage(double bytes);

/// Throws ConfigError with both figures where `bytes` are more than usable_memory(). To be called
/// before any of them is taken; sizes are multiplied as doubles, which do not overflow.
/// @param what  with its verb: "100000 draws of 64 chains take"
void check_memory(double bytes, const std::string& what);

}  // namespace negphase
