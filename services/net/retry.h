// When to try again, and how long to wait before it.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "base/call_context.h"
#include "base/clock.h"

namespace gantry {

// The longest wait that a server may ask for; beyond that the caller should know, and come back by
// itself.
constexpr milliseconds kLongestWait = std::chrono::minutes(5);

// A random time, so that callers that failed together do not come back together.  Thread-safe.
milliseconds UpTo(milliseconds ceiling);

// How one step is repeated: exponential backoff with full jitter, or the server's Retry-After.
struct RetryPolicy {
  int max_attempts = 8;  // half a minute at most: a registry that restarts is waited for
  milliseconds first_backoff{250};
  milliseconds max_backoff{30'000};
};

// Whether the same request may succeed later: UNAVAILABLE, and nothing else.
bool IsRetryable(const absl::Status& status);

// The pauses between tries of one thing.  Confined to one thread.
class Backoff {
 public:
  // `call` is borrowed.
  explicit Backoff(const CallContext& call, const RetryPolicy& policy = {})
      : call_(call), policy_(policy), next_(policy.first_backoff) {}

  // Waits as long as `failure` asks for, else longer each time; the log hears of it at level debug.
  // False when there is no use in another try: the call is cancelled, or the wait would be longer
  // than it lasts or than five minutes.
  bool Wait(const absl::Status& failure);
  // Whether no more may have failed than a connection that was closed under the request (metadata
  // "connection" of HttpClient): the next try then needs no wait, and is not counted.  True once.
  bool Forgives(const absl::Status& failure);
  // There was progress: the next pause is the first one again.
  void Reset() { next_ = policy_.first_backoff; }

 private:
  const CallContext& call_;
  const RetryPolicy policy_;
  milliseconds next_;
  bool forgave_ = false;
};

// Runs `step` until it succeeds, fails for good, or the policy or the call's deadline ends it.  The
// last error is returned, with the number of attempts in its message when there were several.  What
// Backoff forgives is no attempt, unless there is to be but one: what must not be sent twice.
absl::Status Retry(const CallContext& call, const RetryPolicy& policy,
                   absl::FunctionRef<absl::Status()> step);

}  // namespace gantry
