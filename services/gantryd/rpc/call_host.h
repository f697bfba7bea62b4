// What every RPC needs of the daemon: executors, the clock, whether it is draining; and the access log.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/call_context.h"
#include "base/executor.h"
#include "base/status.h"

namespace gantry {

// Where unary calls of one kind run, and how long each may.
struct Lane {
  Executor& executor;
  milliseconds ceiling;
};

// Thread-safe.  Owned by the server, outlives every call.
struct CallHost {
  const Clock& clock;
  Lane local;   // for calls that ask the daemon's own state alone
  Lane remote;  // for calls that wait for a registry
  Executor& pushes;
  std::atomic<bool> draining = false;

  // The call's context: its time is TimeoutOf() what the client gives; its id is the metadata's
  // x-request-id, or a new one.
  std::unique_ptr<CallContext> NewContext(const grpc::CallbackServerContext& rpc,
                                          milliseconds ceiling) const;
  // UNAVAILABLE DRAINING while the daemon stops.
  absl::Status Admit() const;
  // One line per call: method, code, reason, duration.
  void Log(const grpc::CallbackServerContext& rpc, const CallContext& call, const char* method,
           const absl::Status& status, MonoTime started) const;
};

// How long a call may work whose client listens for `left` more: a little less, so that the
// daemon's own account of what it waited for still reaches the client; at most `ceiling`.
milliseconds TimeoutOf(milliseconds left, milliseconds ceiling);

// RESOURCE_EXHAUSTED OVERLOADED: no worker is free and the queue is full.
absl::Status Overloaded();

}  // namespace gantry
