// One call's deadline, cancellation and identity, carried from the RPC down to every socket.
#pragma once

#include <absl/status/status.h>

#include <stop_token>
#include <string>

#include "base/clock.h"

namespace gantry {

// Thread-safe.  Made per RPC and outlives every job that works for it.  Everything that waits takes
// one by reference and gives up with its Check() error.
class CallContext {
 public:
  // `clock` is borrowed.  A call without a deadline of its own gets its method's ceiling.
  CallContext(const Clock& clock, milliseconds timeout, std::string request_id)
      : clock_(clock), deadline_(clock.Mono() + timeout), request_id_(std::move(request_id)) {}
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  // OK, CANCELLED, or DEADLINE_EXCEEDED.
  absl::Status Check() const;
  milliseconds Remaining() const;

  // The client went away, or the daemon is stopping.
  void RequestStop() { stop_.request_stop(); }
  std::stop_token stop_token() const { return stop_.get_token(); }

  // Waits, but never past the deadline: then the Check() error comes at once.
  absl::Status Sleep(milliseconds duration) const;

  const Clock& clock() const { return clock_; }
  const std::string& request_id() const { return request_id_; }

 private:
  const Clock& clock_;
  const MonoTime deadline_;
  const std::string request_id_;
  std::stop_source stop_;
};

}  // namespace gantry
