#include "signals.hpp"

#include <unistd.h>

#include <csignal>

namespace negphase::tool {

namespace {

StopToken token;
volatile std::sig_atomic_t received = 0;

extern "C" void on_signal(int number) {
  if (received != 0) {
    ::_exit(128 + number);
  }
  received = number;
  token.stop();  // a lock-free atomic store, which a handler may do
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

const StopToken& stop_token() { return token; }

int stopped_exit_code() { return received == 0 ? 130 : 128 + received; }

}  // namespace negphase::tool
