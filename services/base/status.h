// Errors as values: an absl::Status with a reason for programs and a remedy for people.
//
//   return NotFound(reason::kImageNotFound, "image {} is not in registry {}", ref, registry)
//       .With("image", ref)
//       .Remedy("list what is there: gantry image list --registry {}", registry);
//
// What With, Remedy and RetryAfter add travels as one payload of the status; the gRPC layer turns it
// into google.rpc.ErrorInfo and RetryInfo.  Never put a secret or an unbounded upstream body here.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/reason.h"
#include "base/strings.h"

namespace gantry {

// What a status carries beside its code and message.
struct ErrorDetail {
  std::string reason;
  std::string remedy;  // a sentence that says what to do, or empty
  std::optional<std::chrono::milliseconds> retry_after;
  std::map<std::string, std::string, std::less<>> metadata;
};

// Empty detail when the status was not made by Error.
ErrorDetail DetailOf(const absl::Status& status);
void SetDetail(absl::Status& status, const ErrorDetail& detail);

// The reason alone, or "" when there is none.
std::string ReasonOf(const absl::Status& status);

// The same error with "context: " before its message; code and detail are kept.
absl::Status Annotate(const absl::Status& status, std::string_view context);

// The message as std::string_view.
inline std::string_view MessageOf(const absl::Status& status) { return ToStd(status.message()); }

class [[nodiscard]] Error {
 public:
  Error(absl::StatusCode code, std::string_view reason, std::string message)
      : code_(code), message_(std::move(message)) {
    detail_.reason = reason;
  }

  Error& With(std::string_view key, std::string_view value) {
    detail_.metadata.insert_or_assign(std::string(key), std::string(value));
    return *this;
  }
  template <class... Args>
  Error& Remedy(fmt::format_string<Args...> format, Args&&... args) {
    detail_.remedy = fmt::format(format, std::forward<Args>(args)...);
    return *this;
  }
  Error& RetryAfter(std::chrono::milliseconds wait) {
    detail_.retry_after = wait;
    return *this;
  }

  operator absl::Status() const;  // NOLINT(google-explicit-constructor)
  template <class T>
  operator absl::StatusOr<T>() const {  // NOLINT(google-explicit-constructor)
    return absl::Status(*this);
  }

 private:
  absl::StatusCode code_;
  std::string message_;
  ErrorDetail detail_;
};

#define GANTRY_DEFINE_ERROR(Name, Code)                                                 \
  template <class... Args>                                                              \
  Error Name(std::string_view reason, fmt::format_string<Args...> format, Args&&... args) { \
    return Error(absl::StatusCode::Code, reason, fmt::format(format, std::forward<Args>(args)...)); \
  }
GANTRY_DEFINE_ERROR(Cancelled, kCancelled)
GANTRY_DEFINE_ERROR(InvalidArgument, kInvalidArgument)
GANTRY_DEFINE_ERROR(DeadlineExceeded, kDeadlineExceeded)
GANTRY_DEFINE_ERROR(NotFound, kNotFound)
GANTRY_DEFINE_ERROR(AlreadyExists, kAlreadyExists)
GANTRY_DEFINE_ERROR(PermissionDenied, kPermissionDenied)
GANTRY_DEFINE_ERROR(ResourceExhausted, kResourceExhausted)
GANTRY_DEFINE_ERROR(FailedPrecondition, kFailedPrecondition)
GANTRY_DEFINE_ERROR(Aborted, kAborted)
GANTRY_DEFINE_ERROR(Unimplemented, kUnimplemented)
GANTRY_DEFINE_ERROR(Internal, kInternal)
GANTRY_DEFINE_ERROR(Unavailable, kUnavailable)
GANTRY_DEFINE_ERROR(DataLoss, kDataLoss)
GANTRY_DEFINE_ERROR(Unauthenticated, kUnauthenticated)
#undef GANTRY_DEFINE_ERROR

}  // namespace gantry

// Early returns; `lhs` may declare a variable.
#define GANTRY_RETURN_IF_ERROR(expr)                               \
  do {                                                             \
    if (absl::Status gantry_status_ = (expr); !gantry_status_.ok()) \
      return gantry_status_;                                       \
  } while (false)
#define GANTRY_CONCAT_(a, b) a##b
#define GANTRY_CONCAT(a, b) GANTRY_CONCAT_(a, b)
#define GANTRY_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  lhs = std::move(tmp).value()
#define GANTRY_ASSIGN_OR_RETURN(lhs, expr) \
  GANTRY_ASSIGN_OR_RETURN_(GANTRY_CONCAT(gantry_status_or_, __LINE__), lhs, expr)
