#include "negphase/io/checkpoint.hpp"

#include <fmt/core.h>
#include <zlib.h>

#include <cstring>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"

namespace negphase {

namespace {

constexpr std::string_view any_format = "negphase checkpoint ";
constexpr std::string_view format = "negphase checkpoint 1\n";

std::uint32_t sum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const SavedState& state) {
  const std::string payload = state.to_bytes();
  const std::uint64_t length = payload.size();
  const std::uint32_t sum = sum_of(payload);
  std::string all(format);
  all.append(reinterpret_cast<const char*>(&length), sizeof length);
  all += payload;
  all.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  write_file_atomically(file, all);
}

SavedState read_checkpoint(const std::filesystem::path& file) {
  const std::string all = read_file(file);
  const auto refuse = [&](std::string_view what) {
    throw ConfigError({file.string(), 0, 0}, std::string(what));
  };
  std::string_view rest = all;
  if (!rest.starts_with(format)) {
    refuse(rest.starts_with(any_format) ? "is a checkpoint of another format than this version's"
                                        : "is no checkpoint of negphase");
  }
  rest.remove_prefix(format.size());
  std::uint64_t length = 0;
  std::uint32_t sum = 0;
  if (rest.size() < sizeof length + sizeof sum) {
    refuse("is truncated: the checkpoint has no state");
  }
  std::memcpy(&length, rest.data(), sizeof length);
  rest.remove_prefix(sizeof length);
  if (length != rest.size() - sizeof sum) {
    refuse(
        fmt::format("is truncated or has bytes too many: a state of {} bytes was written, {} "
                    "are there",
                    length, rest.size() - sizeof sum));
  }
  std::memcpy(&sum, rest.data() + length, sizeof sum);
  if (sum != sum_of(rest.substr(0, length))) {
    refuse("is damaged: its checksum does not fit");
  }
  return SavedState::from_bytes(rest.substr(0, length));
}

}  // namespace negphase
