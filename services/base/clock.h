// Time, injected: the daemon has SystemClock, tests have ManualClock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace gantry {

using WallTime = std::chrono::system_clock::time_point;
using MonoTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

// A time as others write it, which may be any number: before 1970 it is 1970, after 2200 it is 2200,
// so that the nanoseconds between any two hold in 64 bits.
WallTime WallTimeOf(int64_t unix_seconds);

// Thread-safe.  Deadlines, token lifetimes and backoff are measured on Mono(); only what is shown to
// people or compared with a server's date uses Now().
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual MonoTime Mono() const = 0;
  // Waits; false when `stop` was requested first.
  virtual bool Sleep(milliseconds duration, std::stop_token stop) const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime Now() const override { return std::chrono::system_clock::now(); }
  MonoTime Mono() const override { return std::chrono::steady_clock::now(); }
  bool Sleep(milliseconds duration, std::stop_token stop) const override;
};

// For tests: sleeping moves the time on at once and is recorded.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'795'521'600)))
      : wall_(start) {}
  WallTime Now() const override;
  MonoTime Mono() const override;
  bool Sleep(milliseconds duration, std::stop_token stop) const override;
  void Advance(milliseconds duration) const;
  milliseconds slept() const;

 private:
  mutable std::mutex mu_;
  mutable WallTime wall_;
  mutable MonoTime mono_{std::chrono::hours(1)};
  mutable milliseconds slept_{0};
};

}  // namespace gantry
