#include "base/call_context.h"

#include "base/status.h"

namespace gantry {

absl::Status CallContext::Check() const {
  if (stop_.stop_requested()) return Cancelled(reason::kCancelled, "the call was cancelled");
  if (clock_.Mono() >= deadline_) {
    return DeadlineExceeded(reason::kDeadlineExceeded, "the call's deadline has passed");
  }
  return absl::OkStatus();
}

milliseconds CallContext::Remaining() const {
  return std::chrono::duration_cast<milliseconds>(deadline_ - clock_.Mono());
}

absl::Status CallContext::Sleep(milliseconds duration) const {
  if (absl::Status s = Check(); !s.ok()) return s;
  if (duration >= Remaining()) {
    return DeadlineExceeded(reason::kDeadlineExceeded,
                            "the call's deadline comes before the next try, in {} ms",
                            duration.count());
  }
  clock_.Sleep(duration, stop_.get_token());
  return Check();
}

}  // namespace gantry
