#include "negphase/io/partial_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/io/files.hpp"

namespace negphase {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw IoError(fmt::format("{}: {}", file.string(), what));
}

}  // namespace

PartialFile read_partial_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    fail(file, fmt::format("cannot be opened: {}", std::strerror(errno)));
  }
  struct ::stat status {};
  if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    fail(file, "is a folder, not a file");
  }
  const FileState before(descriptor);
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> stream(::gzdopen(descriptor, "rb"), &::gzclose);
  if (!stream) {
    ::close(descriptor);
    fail(file, "cannot be read: out of memory");
  }
  const double most = usable_memory() / 2;  // a string that grows is there twice for a moment
  PartialFile read;
  std::string& bytes = read.bytes;
  std::string chunk(std::size_t{1} << 16, '\0');
  while (true) {
    const int n = ::gzread(stream.get(), chunk.data(), static_cast<unsigned>(chunk.size()));
    int code = Z_OK;
    const char* text = ::gzerror(stream.get(), &code);
    // A stream that ends too early reads as a normal end, but leaves Z_BUF_ERROR behind.
    read.is_cut = code == Z_BUF_ERROR;
    if (!read.is_cut && (n < 0 || (code != Z_OK && code != Z_STREAM_END))) {
      fail(file, fmt::format("cannot be read: {}", code == Z_ERRNO ? std::strerror(errno) : text));
    }
    bytes.append(chunk.data(), static_cast<std::size_t>(std::max(n, 0)));
    if (n == 0 || read.is_cut) {
      before.refuse_change(FileState(descriptor), file);
      return read;
    }
    if (static_cast<double>(bytes.size()) > most) {
      throw ConfigError({file.string(), 0, 0},
                        fmt::format("holds more than {:.3g} GB, half of the memory that there is "
                                    "to use",
                                    most / 1e9));
    }
  }
}

}  // namespace negphase
