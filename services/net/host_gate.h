// One gate per host: when the host says 429, everybody waits, not just who heard it, and fewer
// requests are sent at once from then on.
#pragma once

#include <absl/status/statusor.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/call_context.h"
#include "base/clock.h"
#include "net/http_client.h"
#include "net/in_flight_limit.h"

namespace gantry {

// Thread-safe; outlives its places.  A host that never says 429 makes nobody wait.
//
// Who waits is let in in the order of coming, on the thread that sends the request.  No two places
// wait for each other: who holds one needs nothing of who waits for one (see Pass).
class HostGate {
 public:
  // What a request has to wait for.
  enum class Pass {
    kPlace,    // the host may be asked again, and has room for one more
    kOpening,  // the first of these alone.  For what a request in flight may depend on, as a
  };           // download that feeds an upload, and for what must not wait long.

  // One request in flight, from before it is sent until its answer is whole.  Confined to one
  // thread at a time.
  class Place {
   public:
    Place(Place&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)),
          round_(other.round_),
          counts_(other.counts_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

    // An answer came that is no complaint about too many requests.
    void OnAnswer(const Clock& clock);
    // A 429 came, with the time that it asks for.  Without one the pauses are the gate's own:
    // twice as long each time that the host still says 429, and a random part of that more.
    void OnThrottled(const Clock& clock, std::optional<milliseconds> asked);

   private:
    friend class HostGate;
    Place(HostGate& gate, int round, bool counts) : gate_(&gate), round_(round), counts_(counts) {}

    HostGate* gate_;
    int round_;
    bool counts_;
  };

  //   UNAVAILABLE UPSTREAM_THROTTLED   the call's deadline comes first, or the host wants to be
  //                                    left alone for more than five minutes; RetryAfter if known
  //   CANCELLED                        of the call
  absl::StatusOr<Place> Enter(const CallContext& call, Pass pass = Pass::kPlace);

 private:
  using Lock = std::unique_lock<std::mutex>;
  absl::Status WaitForPlace(Lock& lock, const CallContext& call, uint64_t ticket);
  // OK when the host may be asked at once; else having waited, or why not.  `lock` is released
  // meanwhile.
  absl::Status WaitForOpening(Lock& lock, const CallContext& call);
  absl::Status CheckOpening(const CallContext& call) const;
  void Changed();

  std::mutex mu_;
  std::condition_variable_any changed_;
  uint64_t changes_ = 0;        // guarded by mu_, as all below
  std::deque<uint64_t> queue_;  // tickets of who waits for a place
  uint64_t last_ticket_ = 0;
  InFlightLimit limit_;
  MonoTime open_at_{};
};

// The daemon's gates, by host.  Thread-safe.
class HostGates {
 public:
  std::shared_ptr<HostGate> For(const std::string& host);

 private:
  std::mutex mu_;
  std::unordered_map<std::string, std::shared_ptr<HostGate>> gates_;
};

// Retry-After as seconds or HTTP-date (RFC 9110 §10.2.3); nothing when absent, garbage or not in
// the future.
std::optional<milliseconds> ParseRetryAfter(std::string_view value, WallTime now);

}  // namespace gantry
