#include "gantryd/request_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/guard.h"
#include "base/status.h"

namespace gantry {
namespace {

constexpr size_t kMaxIdLength = 128;

absl::Status CheckId(const std::string& id) {
  const bool printable =
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (printable && id.size() <= kMaxIdLength) return absl::OkStatus();
  return InvalidArgument(reason::kInvalidArgument, "the request_id is not usable")
      .Remedy("use up to 128 printable characters without spaces, such as a UUID");
}

}  // namespace

absl::StatusOr<std::string> RequestLog::Once(
    const std::string& request_id, const std::string& method, const std::string& body,
    absl::FunctionRef<absl::StatusOr<std::string>()> work,
    absl::FunctionRef<std::optional<std::string>(WallTime begun)> done) {
  if (request_id.empty()) return work();
  GANTRY_RETURN_IF_ERROR(CheckId(request_id));
  if (std::lock_guard lock(mu_); to_forget_.contains(request_id)) {
    GANTRY_RETURN_IF_ERROR(store_.AbandonRequest(request_id));
    to_forget_.erase(request_id);
  }
  GANTRY_ASSIGN_OR_RETURN(RequestState state, store_.BeginRequest(request_id, method, body));
  switch (state.kind) {
    case RequestState::Kind::kDone:
      return std::move(state.response);
    case RequestState::Kind::kReused:
      return InvalidArgument(reason::kRequestIdReused,
                             "the request_id was used for another request before")
          .Remedy("give every request an id of its own; repeat an id only with the same request");
    case RequestState::Kind::kInProgress:
      return Aborted(reason::kRequestInProgress, "the first call with this request_id still runs")
          .RetryAfter(std::chrono::seconds(1))
          .Remedy("ask again in a moment: the answer will be the first call's");
    case RequestState::Kind::kNew:
      break;
  }
  absl::StatusOr<std::string> answer = Guard([&]() -> absl::StatusOr<std::string> {
    if (state.begun_before) {
      if (auto known = done(*state.begun_before)) return *std::move(known);
    }
    return work();
  });
  End(request_id, answer);
  return answer;
}

void RequestLog::End(const std::string& request_id, const absl::StatusOr<std::string>& answer) {
  const absl::Status noted =
      answer.ok() ? store_.FinishRequest(request_id, *answer) : store_.AbandonRequest(request_id);
  if (noted.ok()) return;
  spdlog::warn("request id {}: {}", request_id, MessageOf(noted));
  std::lock_guard lock(mu_);
  to_forget_.insert(request_id);
}

}  // namespace gantry
