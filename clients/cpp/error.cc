#include "clients/cpp/error.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

namespace gantry::client {
namespace {

void AddErrorInfo(const google::rpc::ErrorInfo& info, ErrorDetail& detail) {
  detail.reason = info.reason();
  for (const auto& [key, value] : info.metadata()) {
    if (key == "remedy") {
      detail.remedy = value;
    } else {
      detail.metadata[key] = value;
    }
  }
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  ErrorDetail detail;
  std::string message = status.error_message();
  google::rpc::Status rich;
  if (rich.ParseFromString(status.error_details())) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    google::rpc::BadRequest bad;
    for (const auto& any : rich.details()) {
      if (any.UnpackTo(&info)) {
        AddErrorInfo(info, detail);
      } else if (any.UnpackTo(&retry)) {
        detail.retry_after = std::chrono::milliseconds(retry.retry_delay().seconds() * 1000 +
                                                       retry.retry_delay().nanos() / 1'000'000);
      } else if (any.UnpackTo(&bad)) {
        for (const auto& violation : bad.field_violations()) {
          // One fault alone is the message already.
          if (message.find(violation.description()) != message.npos) continue;
          message += fmt::format("\n  {}: {}", violation.field(), violation.description());
        }
      }
    }
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  SetDetail(result, detail);
  return result;
}

}  // namespace gantry::client
