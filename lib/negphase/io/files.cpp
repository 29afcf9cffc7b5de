#include "negphase/io/files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/io/partial_file.hpp"

namespace negphase {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw IoError(fmt::format("{}: {}", file.string(), what));
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

// Returns 0 or errno.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

int sync(int descriptor) { return ::fsync(descriptor) == 0 ? 0 : errno; }

}  // namespace

FileState::FileState(int descriptor) {
  struct ::stat status {};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    bytes_ = status.st_size;
    seconds_ = status.st_mtim.tv_sec;
    nanoseconds_ = status.st_mtim.tv_nsec;
  }
}

void FileState::refuse_change(const FileState& now, const std::filesystem::path& file) const {
  if (now.bytes_ != bytes_) {
    fail(file,
         fmt::format("changed while it was read: {} bytes before, {} after", bytes_, now.bytes_));
  }
  if (now.seconds_ != seconds_ || now.nanoseconds_ != nanoseconds_) {
    fail(file, "was written to while it was read");
  }
}

std::string read_file(const std::filesystem::path& file) {
  PartialFile read = read_partial_file(file);
  if (read.is_cut) {
    fail(file, "the gzip file is truncated");
  }
  return std::move(read.bytes);
}

void check_writable(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    fail(file, "is a folder; give the name of a file");
  }
  if (std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored)) {
    // a rename would put a file into the place of a device or a pipe
    fail(file, "is a device or a pipe; give the name of a file");
  }
  const std::filesystem::path folder = folder_of(file);
  if (!std::filesystem::is_directory(folder, ignored)) {
    fail(file, fmt::format("the folder '{}' does not exist", folder.string()));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    fail(file, fmt::format("the folder '{}' cannot be written: {}", folder.string(),
                           std::strerror(errno)));
  }
}

void write_file_atomically(const std::filesystem::path& file, std::string_view bytes) {
  check_writable(file);
  std::string temporary = file.string() + ".tmp-XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) {
    fail(file, fmt::format("cannot be written: {}", std::strerror(errno)));
  }
  int reason = write_all(descriptor, bytes);
  if (reason == 0) {
    reason = sync(descriptor);
  }
  // mkostemp makes a private file; the result is to be like any other.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (reason == 0 && ::fchmod(descriptor, 0666 & ~mask) != 0) {
    reason = errno;
  }
  if (::close(descriptor) != 0 && reason == 0) {
    reason = errno;
  }
  if (reason == 0 && ::rename(temporary.c_str(), file.c_str()) != 0) {
    reason = errno;
  }
  if (reason != 0) {
    ::unlink(temporary.c_str());
    fail(file, fmt::format("cannot be written: {}", std::strerror(reason)));
  }
  // The rename itself is on disk once the folder is.
  const int folder = ::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

GrowingFile::GrowingFile(std::filesystem::path file, std::int64_t length)
    : file_(std::move(file)),
      descriptor_(::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)),
      size_(length) {
  if (descriptor_ < 0) {
    fail(errno);
  }
  struct ::stat status {};
  if (::fstat(descriptor_, &status) != 0 || status.st_size < length) {
    const std::string now = fmt::format("has {} bytes where {} were written: it was changed since",
                                        status.st_size, length);
    ::close(descriptor_);
    throw IoError(fmt::format("{}: {}", file_.string(), now));
  }
  if (::ftruncate(descriptor_, length) != 0 || ::lseek(descriptor_, length, SEEK_SET) < 0) {
    const int reason = errno;
    ::close(descriptor_);
    fail(reason);
  }
}

GrowingFile::~GrowingFile() { ::close(descriptor_); }

void GrowingFile::fail(int reason) const {
  negphase::fail(file_, fmt::format("cannot be written: {}", std::strerror(reason)));
}

void GrowingFile::append(std::string_view bytes) {
  if (const int reason = write_all(descriptor_, bytes); reason != 0) {
    fail(reason);
  }
  size_ += static_cast<std::int64_t>(bytes.size());
}

void GrowingFile::sync() {
  if (const int reason = negphase::sync(descriptor_); reason != 0) {
    fail(reason);
  }
}

}  // namespace negphase
