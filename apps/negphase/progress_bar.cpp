#include "progress_bar.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "output.hpp"

namespace negphase::tool {

namespace {

constexpr double first_drawing = 2.0, between_drawings = 0.2;  // seconds, on a terminal
constexpr double between_lines = 10.0;                         // elsewhere
constexpr int bar_width = 24;

std::string duration(double seconds) {
  const auto s = static_cast<long>(std::ceil(seconds));
  return s < 60     ? fmt::format("{} s", s)
         : s < 3600 ? fmt::format("{} min {:02} s", s / 60, s % 60)
                    : fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

}  // namespace

ProgressBar::ProgressBar(std::string label, bool quiet)
    : label_(std::move(label)),
      quiet_(quiet),
      terminal_(stderr_is_terminal()),
      begin_(std::chrono::steady_clock::now()),
      next_(terminal_ ? first_drawing : between_lines),
      progress_([this](std::int64_t done, std::int64_t total) { report(done, total); }) {}

ProgressBar::~ProgressBar() {
  if (drawn_ && terminal_) {
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  }
}

std::string ProgressBar::text(double share, double elapsed) const {
  const double left = share > 0 ? elapsed * (1 - share) / share : 0;
  const std::string figures = share > 0
                                  ? fmt::format("{:3.0f} %, {} left", 100 * share, duration(left))
                                  : fmt::format("{} so far", duration(elapsed));
  if (!terminal_) {
    return fmt::format("{}: {}\n", label_, figures);
  }
  const int full = static_cast<int>(share * bar_width);
  return fmt::format("\r\033[K{} [{}{}] {}", label_, std::string(full, '#'),
                     std::string(bar_width - full, '.'), figures);
}

void ProgressBar::report(std::int64_t done, std::int64_t total) {
  if (quiet_) {
    return;
  }
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin_;
  const double elapsed = since.count();
  double due = next_.load(std::memory_order_relaxed);
  // Whoever moves `next_` on draws; all others go on working.
  if (elapsed < due || !next_.compare_exchange_strong(
                           due, elapsed + (terminal_ ? between_drawings : between_lines))) {
    return;
  }
  const double share =
      total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0;
  const std::lock_guard<std::mutex> one_at_a_time(drawing_);
  std::fputs(text(share, elapsed).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace negphase::tool
