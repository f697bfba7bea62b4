#include "base/clock.h"

#include <algorithm>

namespace gantry {

WallTime WallTimeOf(int64_t unix_seconds) {
  using std::chrono::seconds;
  const auto first = std::chrono::ceil<seconds>(WallTime::min().time_since_epoch());
  const auto last = std::chrono::floor<seconds>(WallTime::max().time_since_epoch());
  return WallTime(std::clamp(seconds(unix_seconds), first, last));
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
