// Loaded before the C library (LD_PRELOAD) into the real program, so that a test can end it, or let
// the disk be full, at each single call that changes a file:
//   FAILING_DISK=kill:7   SIGKILL in place of the 7th call; a write is done by half before
//   FAILING_DISK=full:7   from the 7th call on writes fail with "No space left on device"
// Counted are write, fsync, rename, ftruncate, unlink and remove, of any file but the standard
// streams.
#include <dlfcn.h>
#include <sys/types.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

enum class Fate { go_on, kill, full };

Fate next_call(bool is_write) {
  static const char* plan = std::getenv("FAILING_DISK");
  static long calls = 0;
  if (plan == nullptr) {
    return Fate::go_on;
  }
  const bool kill = std::string_view(plan).starts_with("kill:");
  const long at = std::atol(plan + 5);
  ++calls;
  if (kill) {
    return calls == at ? Fate::kill : Fate::go_on;
  }
  return calls >= at && is_write ? Fate::full : Fate::go_on;
}

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

void die_if(Fate fate) {
  if (fate == Fate::kill) {
    ::raise(SIGKILL);
  }
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static auto* const call = real<ssize_t(int, const void*, size_t)>("write");
  if (descriptor <= 2) {
    return call(descriptor, bytes, count);
  }
  const Fate fate = next_call(true);
  if (fate == Fate::kill) {
    [[maybe_unused]] const ssize_t half = call(descriptor, bytes, count / 2);
  }
  die_if(fate);
  if (fate == Fate::full) {
    errno = ENOSPC;
    return -1;
  }
  return call(descriptor, bytes, count);
}

int fsync(int descriptor) {
  static auto* const call = real<int(int)>("fsync");
  die_if(next_call(false));
  return call(descriptor);
}

int ftruncate(int descriptor, off_t length) noexcept {
  static auto* const call = real<int(int, off_t)>("ftruncate");
  die_if(next_call(false));
  return call(descriptor, length);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const call = real<int(const char*, const char*)>("rename");
  die_if(next_call(false));
  return call(from, to);
}

int unlink(const char* file) noexcept {
  static auto* const call = real<int(const char*)>("unlink");
  die_if(next_call(false));
  return call(file);
}

int remove(const char* file) noexcept {
  static auto* const call = real<int(const char*)>("remove");
  die_if(next_call(false));
  return call(file);
}
}
