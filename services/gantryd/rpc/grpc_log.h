// libgrpc's own messages, in the daemon's log.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace gantry {

// Lets the first ten messages of a minute through: what libgrpc complains about, it complains about
// again and again.  Thread-safe.
class GrpcLogLimit {
 public:
  struct Verdict {
    bool write = false;
    int64_t withheld = 0;  // of the minute before, told with the first message of the next
  };
  Verdict OnMessage(MonoTime now);

 private:
  std::mutex mu_;
  MonoTime minute_{};  // when it began; guarded by mu_, as all below
  int64_t messages_ = 0;
};

// From now on, for the whole process.
void SendGrpcLogToSpdlog();

}  // namespace gantry
