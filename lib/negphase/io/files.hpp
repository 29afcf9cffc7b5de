#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace negphase {

/// Size and time of an open regular file, to tell whether somebody writes to it while it is read;
/// anything else (a pipe) has none.
class FileState {
 public:
  explicit FileState(int descriptor);
  /// Throws IoError, with both sizes, where `now` is another state.
  void refuse_change(const FileState& now, const std::filesystem::path& file) const;

 private:
  std::int64_t bytes_ = 0, seconds_ = 0, nanoseconds_ = 0;
};

/// The bytes of a file; .gz and plain alike (told apart by content).
/// Throws IoError: missing, a directory, unreadable, truncated or damaged gzip, changed meanwhile.
/// Throws ConfigError where it is more than half of the memory that there is to use.
std::string read_file(const std::filesystem::path& file);

/// Writes to a temporary file in the same folder, syncs it and renames it over `file`: whoever
/// looks sees the old content or the whole new one. Throws IoError with the system's reason;
/// nothing is left behind then.
void write_file_atomically(const std::filesystem::path& file, std::string_view bytes);

/// Whether write_file_atomically could start: the folder exists and can be written, `file` is no
/// folder. Throws IoError if not. For checks before long work.
void check_writable(const std::filesystem::path& file);

/// A file that grows by whole pieces while a run goes on. Nothing is buffered here: what append()
/// has taken survives the end of this process, and after sync() the end of the machine.
class GrowingFile {
 public:
  /// Throws IoError, as all members do, with the system's reason.
  /// @param length  what is kept of the file that is there, the rest cut off; 0: begins anew
  GrowingFile(std::filesystem::path file, std::int64_t length);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  void append(std::string_view bytes);
  void sync();
  std::int64_t size() const { return size_; }

 private:
  [[noreturn]] void fail(int reason) const;
  std::filesystem::path file_;
  int descriptor_;
  std::int64_t size_;
};

}  // namespace negphase
