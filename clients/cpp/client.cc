#include "clients/cpp/client.h"

#include <algorithm>

#include "base/clock.h"

namespace gantry::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kMinWait{50};
constexpr milliseconds kMaxWait{60'000};  // a daemon that asks for more is not waited for

grpc::ChannelArguments ChannelArgs() {
  grpc::ChannelArguments args;
  // A daemon listens on its own machine alone, and no proxy leads there, whatever https_proxy says.
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Agreed with the server's limits, or it would answer pings with GOAWAY.
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  args.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // Repeat() reads RetryInfo; gRPC's own retries do not
  args.SetUserAgentPrefix("gantry-cpp");
  return args;
}

}  // namespace

Client::Client(ClientOptions options) : options_(std::move(options)) {
  const auto channel = grpc::CreateCustomChannel(options_.address,
                                                 grpc::InsecureChannelCredentials(), ChannelArgs());
  registry_ = v1::ContainerRegistry::NewStub(channel);
  connectors_ = v1::ServiceConnectors::NewStub(channel);
}

absl::Status Client::Explain(const absl::Status& status) const {
  if (!ReasonOf(status).empty()) return status;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return Unavailable(reason::kUpstreamUnavailable, "cannot reach gantryd at {}: {}",
                         options_.address, MessageOf(status))
          .Remedy(
              "start it with 'gantryd --dev', or say where it is with --address or GANTRY_ADDRESS");
    case absl::StatusCode::kDeadlineExceeded:
      return DeadlineExceeded(reason::kDeadlineExceeded, "gantryd at {} gave no answer in time",
                              options_.address)
          .Remedy("repeat it with more time: --timeout");
    case absl::StatusCode::kCancelled:
      return Cancelled(reason::kCancelled, "cancelled")
          .Remedy("repeat it when you like: nothing is done or sent twice");
    default:
      return status;
  }
}

bool Client::WaitToRepeat(const absl::Status& status, int attempt,
                          steady_clock::time_point deadline) const {
  const ErrorDetail detail = DetailOf(status);
  // Errors about a registry have been repeated by the daemon already, with more patience; a daemon
  // that is not there (no reason) may be about to start or to come back.
  const bool worth_it = detail.reason == reason::kRequestInProgress ||
                        (status.code() == absl::StatusCode::kUnavailable &&
                         detail.reason != reason::kUpstreamUnavailable &&
                         detail.reason != reason::kUpstreamThrottled);
  if (!worth_it || attempt >= options_.max_attempts) return false;
  const milliseconds wait =
      std::max(kMinWait, detail.retry_after.value_or(milliseconds(100 << attempt)));
  if (wait > kMaxWait || steady_clock::now() + wait >= deadline) return false;
  return SystemClock().Sleep(wait, options_.stop);
}

absl::Status Client::Repeat(
    const std::function<grpc::Status(grpc::ClientContext&)>& attempt) const {
  const auto deadline = steady_clock::now() + options_.timeout;
  for (int i = 1;; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + (deadline - steady_clock::now()));
    const std::stop_callback cancel(options_.stop, [&] { context.TryCancel(); });
    const absl::Status status = FromGrpc(attempt(context));
    if (status.ok() || !WaitToRepeat(status, i, deadline)) return Explain(status);
  }
}

}  // namespace gantry::client
