#include "net/retry.h"

#include <algorithm>
#include <random>

#include "base/status.h"

namespace gantry {
namespace {

// Full jitter: callers that failed together must not come back together.
milliseconds Jittered(milliseconds ceiling) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<int64_t>(0, ceiling.count())(random));
}

}  // namespace

bool IsRetryable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable;
}

absl::Status Retry(const CallContext& call, const RetryPolicy& policy,
                   absl::FunctionRef<absl::Status()> step) {
  milliseconds backoff = policy.first_backoff;
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = step();
    if (status.ok() || !IsRetryable(status)) return status;
    const auto told = DetailOf(status).retry_after;
    const milliseconds wait = told.value_or(Jittered(backoff));
    backoff = std::min(backoff * 2, policy.max_backoff);
    const bool last = attempt >= policy.max_attempts;
    if (last || wait >= call.Remaining() || !call.Sleep(wait).ok()) {
      // A cancelled caller wants to hear that; anybody else, why it did not work.
      if (call.stop_token().stop_requested()) return call.Check();
      return attempt == 1 ? status : Annotate(status, fmt::format("after {} attempts", attempt));
    }
  }
}

}  // namespace gantry
