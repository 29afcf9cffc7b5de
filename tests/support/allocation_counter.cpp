#include "support/allocation_counter.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define NEGPHASE_COUNTS_ALLOCATIONS 1
#endif

namespace {
// constant initialisation: malloc runs before any constructor
thread_local constinit long allocations = 0;
}  // namespace

#ifdef NEGPHASE_COUNTS_ALLOCATIONS
// glibc lets a program put its own malloc in place; these count and pass on. operator new of
// libstdc++ calls malloc or aligned_alloc, so it is counted by them.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
  ++allocations;
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t size) {
  ++allocations;
  return __libc_realloc(p, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  ++allocations;
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}
#endif

namespace negphase::testing {

AllocationCounter::AllocationCounter() : before_(allocations) {}
long AllocationCounter::count() const { return allocations - before_; }
bool AllocationCounter::works() {
#ifdef NEGPHASE_COUNTS_ALLOCATIONS
  return true;
#else
  return false;
#endif
}

}  // namespace negphase::testing
