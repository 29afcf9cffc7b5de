#include "negphase/io/files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "negphase/core/error.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: a file that grows, shrinks or is written over while it is read, and
// nobody says so.

using namespace negphase;
using namespace negphase::test;

namespace {

struct Descriptor {
  explicit Descriptor(const std::filesystem::path& file) : number(::open(file.c_str(), O_RDONLY)) {}
  ~Descriptor() { ::close(number); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

}  // namespace

TEST_CASE("files: a file that changes while it is read") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.csv", "a\n1\n2\n");
  const Descriptor open(file);
  const FileState before(open.number);
  const auto change = [&] {
    return message_of<IoError>([&] { before.refuse_change(FileState(open.number), file); });
  };
  CHECK(change().empty());
  std::filesystem::resize_file(file, 4);
  CHECK(contains(change(), "a.csv: changed while it was read: 6 bytes before, 4 after"));
  folder.write("a.csv", "a\n1\n2\n3\n");
  CHECK(contains(change(), "6 bytes before, 8 after"));
  folder.write("a.csv", "a\n5\n6\n");
  // the clock of a file system may be slow: an hour of the past stands for the time of writing
  std::filesystem::last_write_time(file,
                                   std::filesystem::last_write_time(file) - std::chrono::hours(1));
  CHECK(contains(change(), "was written to while it was read"));
}

TEST_CASE("files: a pipe has no size that could change") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const FileState before(ends[0]);
  REQUIRE(::write(ends[1], "abc", 3) == 3);
  CHECK_NOTHROW(before.refuse_change(FileState(ends[0]), "pipe"));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("files: a result does not take the place of a pipe") {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(write_file_atomically(pipe, "bytes"), IoError);
  CHECK(std::filesystem::is_fifo(pipe));
}
