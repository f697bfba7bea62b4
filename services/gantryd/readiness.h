// Whether the daemon's state can be used, for health checks.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "store/store.h"

namespace gantry {

// Looks every five seconds, on a thread of its own, until it is destroyed.
class Readiness {
 public:
  // Told of every change, on that thread; the state can be used at first.
  using Tell = std::function<void(bool ready)>;

  // `clock` and `store` are borrowed.
  Readiness(const Clock& clock, Store& store, Tell tell);

 private:
  void Watch(const std::stop_token& stop);

  const Clock& clock_;
  Store& store_;
  const Tell tell_;
  std::jthread thread_;  // last: stopped before anything it uses goes
};

}  // namespace gantry
