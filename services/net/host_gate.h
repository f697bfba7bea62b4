// One gate per host: when the host says 429, everybody waits, not just who heard it.
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/call_context.h"
#include "base/clock.h"
#include "net/http_client.h"

namespace gantry {

// Thread-safe.
class HostGate {
 public:
  // Waits until the host may be asked again.  UPSTREAM_THROTTLED with RetryAfter when that is after
  // the call's deadline or more than five minutes away.
  absl::Status Enter(const CallContext& call);
  // The host asked us to stay away for this long.
  void Close(const Clock& clock, milliseconds wait);

 private:
  std::mutex mu_;
  MonoTime open_at_{};  // guarded by mu_
};

// The daemon's gates, by host.  Thread-safe.
class HostGates {
 public:
  std::shared_ptr<HostGate> For(const std::string& host);

 private:
  std::mutex mu_;
  std::unordered_map<std::string, std::shared_ptr<HostGate>> gates_;
};

// Retry-After as seconds or HTTP-date (RFC 9110 §10.2.3); nothing when absent, past or garbage.
std::optional<milliseconds> ParseRetryAfter(std::string_view value, WallTime now);

}  // namespace gantry
