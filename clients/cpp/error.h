// The daemon's errors as the caller sees them.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

#include "base/status.h"

namespace gantry::client {

// Code and message as they came; reason, remedy, retry advice and field violations of the
// google.rpc details are in the ErrorDetail (base/status.h).
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace gantry::client
