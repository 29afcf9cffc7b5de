#include "negphase/run/saved_state.hpp"

#include <fmt/core.h>

#include <cstring>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

void append(std::string& all, std::string_view bytes) {
  const std::uint64_t length = bytes.size();
  all.append(reinterpret_cast<const char*>(&length), sizeof length);
  all.append(bytes);
}

// the next part, or an error where the bytes end before it does
std::string_view take(std::string_view& rest) {
  std::uint64_t length = 0;
  if (rest.size() >= sizeof length) {
    std::memcpy(&length, rest.data(), sizeof length);
    rest.remove_prefix(sizeof length);
    if (length <= rest.size()) {
      const std::string_view part = rest.substr(0, length);
      rest.remove_prefix(length);
      return part;
    }
  }
  throw ConfigError("the saved state is damaged: it ends in the middle of a part");
}

}  // namespace

std::string_view SavedState::bytes(const std::string& name) const {
  const auto found = parts_.find(name);
  if (found == parts_.end()) {
    throw ConfigError(fmt::format("the saved state has no part '{}'", name));
  }
  return found->second;
}

std::string_view SavedState::bytes(const std::string& name, std::size_t length) const {
  const std::string_view part = bytes(name);
  if (part.size() != length) {
    throw ConfigError(fmt::format("part '{}' of the saved state has {} bytes; {} are expected",
                                  name, part.size(), length));
  }
  return part;
}

void SavedState::copy(const std::string& name, void* out, std::size_t length) const {
  const std::string_view part = bytes(name, length);
  if (length > 0) {
    std::memcpy(out, part.data(), length);
  }
}

std::string SavedState::to_bytes() const {
  std::string all;
  for (const auto& [name, part] : parts_) {
    append(all, name);
    append(all, part);
  }
  return all;
}

SavedState SavedState::from_bytes(std::string_view rest) {
  SavedState state;
  while (!rest.empty()) {
    const std::string name(take(rest));
    state.put_bytes(name, take(rest));
  }
  return state;
}

}  // namespace negphase
