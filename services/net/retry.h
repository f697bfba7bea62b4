// When to try again, and how long to wait before it.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "base/call_context.h"
#include "base/clock.h"

namespace gantry {

// How one step is repeated: exponential backoff with full jitter, or the server's Retry-After.
struct RetryPolicy {
  int max_attempts = 6;
  milliseconds first_backoff{250};
  milliseconds max_backoff{30'000};
};

// Whether the same request may succeed later: UNAVAILABLE, and nothing else.
bool IsRetryable(const absl::Status& status);

// Runs `step` until it succeeds, fails for good, or the policy or the call's deadline ends it.  The
// last error is returned, with the number of attempts in its message when there were several.
absl::Status Retry(const CallContext& call, const RetryPolicy& policy,
                   absl::FunctionRef<absl::Status()> step);

}  // namespace gantry
