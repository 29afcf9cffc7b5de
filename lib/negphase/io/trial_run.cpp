#include "negphase/io/trial_run.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <csignal>

namespace negphase {

bool breaks_down(const std::function<void()>& work, double seconds) {
  const pid_t child = ::fork();
  if (child < 0) {
    return false;
  }
  if (child == 0) {
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU}) {
      std::signal(fault, SIG_DFL);
    }
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    const auto limit = static_cast<rlim_t>(std::ceil(seconds));
    const rlimit time{limit, limit + 1};
    ::setrlimit(RLIMIT_CPU, &time);
    try {
      work();
    } catch (...) {  // the caller will see it again
    }
    ::_exit(0);  // what this process has open or buffered is its parent's
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return false;
    }
  }
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;  // sanitizers exit, without a signal
}

}  // namespace negphase
