#include "gantryd/flavors/flavor_error.h"

#include <algorithm>

#include "base/status.h"
#include "gantryd/flavors/abi_copy.h"

namespace gantry {
namespace {

constexpr gantry_code kLastCode = 16;  // google.rpc.Code: UNAUTHENTICATED
constexpr size_t kMaxMessage = 2048, kMaxMetadata = 16, kMaxMetadataValue = 512;
constexpr int64_t kMaxRetryAfterMs = 3'600'000;

bool IsReason(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() >= 'A' && text.front() <= 'Z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// For a code that came without a reason of its own.
std::string_view DefaultReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return reason::kCancelled;
    case absl::StatusCode::kDeadlineExceeded:
      return reason::kDeadlineExceeded;
    case absl::StatusCode::kInvalidArgument:
      return reason::kInvalidArgument;
    case absl::StatusCode::kNotFound:
      return reason::kImageNotFound;
    case absl::StatusCode::kPermissionDenied:
      return reason::kUpstreamDenied;
    case absl::StatusCode::kUnauthenticated:
      return reason::kUpstreamAuthRejected;
    case absl::StatusCode::kResourceExhausted:
      return reason::kUpstreamQuota;
    case absl::StatusCode::kUnimplemented:
      return reason::kFlavorUnsupported;
    case absl::StatusCode::kUnavailable:
      return reason::kUpstreamUnavailable;
    case absl::StatusCode::kInternal:
      return reason::kInternal;
    default:
      return reason::kUpstreamRejected;
  }
}

}  // namespace

absl::Status Misbehaved(const std::string& flavor, std::string_view operation,
                        std::string_view fault) {
  return Internal(reason::kFlavorMisbehaved, "flavor {} broke its contract in {}: it {}", flavor,
                  operation, fault)
      .With("flavor", flavor)
      .Remedy("This is a defect of the flavor; tell whoever maintains it.");
}

absl::Status ErrorFromFlavor(const gantry_error& error, const std::string& flavor,
                             std::string_view operation) {
  if (error.struct_size < sizeof(gantry_error)) {
    return Misbehaved(flavor, operation, "gave an error that is cut short");
  }
  if (error.code <= GANTRY_OK || error.code > kLastCode) {
    return Misbehaved(flavor, operation,
                      fmt::format("failed with the unknown code {}", error.code));
  }
  const auto code = static_cast<absl::StatusCode>(error.code);
  std::string why = CopyProse(error.reason, 64);
  if (!IsReason(why)) why = DefaultReason(code);
  std::string message = CopyProse(error.message, kMaxMessage);
  if (why == reason::kFlavorException) {
    message = fmt::format("flavor {} failed in {}: {}", flavor, operation, message);
  } else if (message.empty()) {
    message = fmt::format("flavor {} returned {}", flavor, absl::StatusCodeToString(code));
  }
  Error status(code, why, std::move(message));
  status.With("flavor", flavor);
  const size_t count = error.metadata == nullptr ? 0 : std::min(error.metadata_count, kMaxMetadata);
  for (size_t i = 0; i < count; ++i) {
    const std::string key = CopyProse(error.metadata[i].key, 64);
    const std::string value = CopyProse(error.metadata[i].value, kMaxMetadataValue);
    if (key == "remedy") {
      status.Remedy("{}", value);
    } else if (!key.empty() && key != "flavor") {
      status.With(key, value);
    }
  }
  if (error.retry_after_ms >= 0) {
    status.RetryAfter(std::chrono::milliseconds(std::min(error.retry_after_ms, kMaxRetryAfterMs)));
  }
  return status;
}

absl::Status EndOfOperation(gantry_code code, const absl::Status& said, const std::string& flavor,
                            std::string_view operation) {
  if (code == GANTRY_OK) return absl::OkStatus();
  if (code < GANTRY_OK || code > kLastCode) {
    return Misbehaved(flavor, operation, fmt::format("returned the unknown code {}", code));
  }
  if (CodeOf(said) == code) return said;
  // A breach of contract outweighs whatever the flavor makes of it.
  if (ReasonOf(said) == reason::kFlavorMisbehaved) return said;
  const auto status = static_cast<absl::StatusCode>(code);
  return Error(status, DefaultReason(status),
               fmt::format("flavor {} returned {}", flavor, absl::StatusCodeToString(status)))
      .With("flavor", flavor);
}

}  // namespace gantry
