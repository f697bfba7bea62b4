// Request ids for methods whose answers are messages.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <optional>
#include <string>

#include "base/status.h"
#include "gantryd/rpc/convert.h"
#include "gantryd/request_log.h"

namespace gantry {

// The same bytes for the same message, map fields sorted.
inline std::string DeterministicBytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

// Runs `work` once per request id; all else in `request` makes it the same request or another.  Of
// an id that a killed daemon had begun, `done` gives the answer, if its work was done since then.
template <class Response, class Request>
absl::StatusOr<Response> Idempotent(RequestLog& requests, const std::string& method,
                                    const Request& request,
                                    absl::FunctionRef<absl::StatusOr<Response>()> work,
                                    absl::FunctionRef<std::optional<Response>(WallTime)> done) {
  Request identity = request;
  identity.clear_request_id();
  GANTRY_ASSIGN_OR_RETURN(
      const std::string bytes,
      requests.Once(request.request_id(), method, DeterministicBytes(identity),
                    [&]() -> absl::StatusOr<std::string> {
                      GANTRY_ASSIGN_OR_RETURN(const Response response, work());
                      return response.SerializeAsString();
                    },
                    [&](WallTime begun) -> std::optional<std::string> {
                      const std::optional<Response> response = done(begun);
                      if (!response) return std::nullopt;
                      return response->SerializeAsString();
                    }));
  Response response;
  if (!response.ParseFromString(bytes)) {
    return Internal(reason::kInternal, "the answer kept for this request_id cannot be read");
  }
  return response;
}

// For `done` of what creates or changes a record: the record, if this very request has.  An id may
// come again, days later.
template <class Response, class Request, class Record>
std::optional<Response> MadeBy(const Request& request, const absl::StatusOr<Record>& record,
                               WallTime begun) {
  if (!record.ok() || record->request_id != request.request_id()) return std::nullopt;
  return record->update_time < begun ? std::nullopt : std::optional<Response>(ToProto(*record));
}

// For `done` of what deletes a record.
template <class Response, class Record>
std::optional<Response> GoneAsWanted(const absl::StatusOr<Record>& record) {
  return absl::IsNotFound(record.status()) ? std::optional(Response()) : std::nullopt;
}

}  // namespace gantry
