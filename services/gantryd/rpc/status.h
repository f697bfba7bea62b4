// Errors on the wire: google.rpc.Status with ErrorInfo and at most one detail more.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

#include <string>

namespace gantry {

// Code and message as they are; reason, metadata and remedy become ErrorInfo of domain "gantry",
// beside BadRequest or RetryInfo where there is one.  All text is valid UTF-8; the details stay below
// 4 KiB, since gRPC replaces an error whose trailers are too long by one that says nothing.
grpc::Status ToGrpc(const absl::Status& status, const std::string& request_id);

}  // namespace gantry
