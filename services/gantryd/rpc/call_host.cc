#include "gantryd/rpc/call_host.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/uuid.h"

namespace gantry {
namespace {

using std::chrono::seconds;

std::string RequestIdOf(const grpc::CallbackServerContext& rpc) {
  const auto& metadata = rpc.client_metadata();
  const auto it = metadata.find("x-request-id");
  if (it == metadata.end() || it->second.empty()) return NewUuid();
  return Excerpt({it->second.data(), it->second.size()}, 128);
}

// Until the client stops listening.  Its way to say "no deadline" is a time far in the future.
milliseconds LeftOf(const grpc::CallbackServerContext& rpc) {
  const auto deadline = rpc.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return milliseconds::max();
  return std::chrono::duration_cast<milliseconds>(deadline - std::chrono::system_clock::now());
}

}  // namespace

milliseconds TimeoutOf(milliseconds left, milliseconds ceiling) {
  constexpr milliseconds kLongestWayBack{500};
  return std::min(ceiling, left - std::clamp(left / 10, milliseconds(0), kLongestWayBack));
}

std::unique_ptr<CallContext> CallHost::NewContext(const grpc::CallbackServerContext& rpc,
                                                  milliseconds ceiling) const {
  return std::make_unique<CallContext>(clock, TimeoutOf(LeftOf(rpc), ceiling), RequestIdOf(rpc));
}

absl::Status CallHost::Admit() const {
  if (!draining) return absl::OkStatus();
  return Unavailable(reason::kDraining, "the daemon is stopping")
      .RetryAfter(seconds(1))
      .Remedy("call again: the daemon, or another one, will be back");
}

void CallHost::Log(const grpc::CallbackServerContext& rpc, const CallContext& call,
                   const char* method, const absl::Status& status, MonoTime started) const {
  const auto took = std::chrono::duration_cast<milliseconds>(clock.Mono() - started);
  const auto level = status.ok() ? spdlog::level::info : spdlog::level::warn;
  spdlog::log(level, "{} {} {} ms request={} peer={}{}{}", method,
              absl::StatusCodeToString(status.code()), took.count(), call.request_id(), rpc.peer(),
              status.ok() ? "" : " reason=", status.ok() ? "" : ReasonOf(status));
  if (!status.ok()) spdlog::debug("request={} {}", call.request_id(), MessageOf(status));
}

absl::Status Overloaded() {
  return ResourceExhausted(reason::kOverloaded, "all workers are busy and the queue is full")
      .RetryAfter(seconds(1))
      .Remedy("call again in a moment, or run fewer calls at once");
}

}  // namespace gantry
