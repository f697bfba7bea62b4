#include "base/clock.h"

#include <algorithm>

namespace gantry {

WallTime WallTimeOf(int64_t unix_seconds) {
  constexpr int64_t kYear2200 = 7'258'118'400;
  return WallTime(std::chrono::seconds(std::clamp<int64_t>(unix_seconds, 0, kYear2200)));
}

bool SystemClock::Sleep(milliseconds duration, std::stop_token stop) const {
  std::mutex mu;
  std::condition_variable_any wake;
  std::unique_lock lock(mu);
  wake.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

WallTime ManualClock::Now() const {
  std::lock_guard lock(mu_);
  return wall_;
}

MonoTime ManualClock::Mono() const {
  std::lock_guard lock(mu_);
  return mono_;
}

bool ManualClock::Sleep(milliseconds duration, std::stop_token stop) const {
  if (stop.stop_requested()) return false;
  std::lock_guard lock(mu_);
  wall_ += duration;
  mono_ += duration;
  slept_ += duration;
  return true;
}

void ManualClock::Advance(milliseconds duration) const {
  std::lock_guard lock(mu_);
  wall_ += duration;
  mono_ += duration;
}

milliseconds ManualClock::slept() const {
  std::lock_guard lock(mu_);
  return slept_;
}

}  // namespace gantry
