#include "net/retry.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "base/status.h"

namespace gantry {

milliseconds UpTo(milliseconds ceiling) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<int64_t>(0, ceiling.count())(random));
}

bool IsRetryable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable;
}

bool Backoff::Wait(const absl::Status& failure) {
  const milliseconds wait = DetailOf(failure).retry_after.value_or(UpTo(next_));
  next_ = std::min(next_ * 2, policy_.max_backoff);
  if (wait > kLongestWait || wait >= call_.Remaining()) return false;
  spdlog::debug("request={} tries again in {} ms: {}", call_.request_id(), wait.count(),
                MessageOf(failure));
  return call_.Sleep(wait).ok();
}

bool Backoff::Forgives(const absl::Status& failure) {
  if (forgave_) return false;
  forgave_ = DetailOf(failure).metadata.contains("connection");
  return forgave_;
}

absl::Status Retry(const CallContext& call, const RetryPolicy& policy,
                   absl::FunctionRef<absl::Status()> step) {
  Backoff backoff(call, policy);
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = step();
    if (status.ok() || !IsRetryable(status)) return status;
    if (policy.max_attempts > 1 && backoff.Forgives(status)) {
      --attempt;
      continue;
    }
    if (attempt < policy.max_attempts && backoff.Wait(status)) continue;
    // A cancelled caller wants to hear that; anybody else, why it did not work.
    if (call.stop_token().stop_requested()) return call.Check();
    return attempt == 1 ? status : Annotate(status, fmt::format("after {} attempts", attempt));
  }
}

}  // namespace gantry
