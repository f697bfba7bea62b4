#include "gantryd/rpc/status.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"

namespace gantry {
namespace {

constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxValueBytes = 256;
constexpr size_t kMaxRemedyBytes = 512;
constexpr size_t kMaxDetailBytes = 4096;

google::rpc::ErrorInfo InfoOf(const ErrorDetail& detail, const std::string& request_id) {
  google::rpc::ErrorInfo info;
  info.set_domain("gantry");
  info.set_reason(detail.reason.empty() ? std::string(reason::kInternal) : detail.reason);
  auto& metadata = *info.mutable_metadata();
  metadata["requestId"] = Excerpt(request_id, kMaxValueBytes);
  if (!detail.remedy.empty()) metadata["remedy"] = Excerpt(detail.remedy, kMaxRemedyBytes);
  for (const auto& [key, value] : detail.metadata) {
    if (info.ByteSizeLong() > kMaxDetailBytes / 2) break;
    metadata[Excerpt(key, 64)] = Excerpt(value, kMaxValueBytes);
  }
  return info;
}

google::rpc::BadRequest BadRequestOf(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : violations) {
    if (bad.ByteSizeLong() > kMaxDetailBytes / 4) break;
    auto& field = *bad.add_field_violations();
    field.set_field(Excerpt(violation.field, kMaxValueBytes));
    field.set_description(Excerpt(violation.description, kMaxValueBytes));
  }
  return bad;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status, const std::string& request_id) {
  if (status.ok()) return grpc::Status::OK;
  const ErrorDetail detail = DetailOf(status);
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(Excerpt(MessageOf(status), kMaxMessageBytes));
  rich.add_details()->PackFrom(InfoOf(detail, request_id));
  if (const auto violations = FieldViolationsOf(status); !violations.empty()) {
    rich.add_details()->PackFrom(BadRequestOf(violations));
  } else if (detail.retry_after) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(detail.retry_after->count() / 1000);
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(detail.retry_after->count() % 1000 * 1'000'000));
    rich.add_details()->PackFrom(retry);
  }
  return {static_cast<grpc::StatusCode>(status.code()), rich.message(), rich.SerializeAsString()};
}

}  // namespace gantry
