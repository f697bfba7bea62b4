// Errors that are about the credential itself, and not about the way to who judges it.
#pragma once

#include "base/status.h"

namespace gantry {

// Whether the credential is no good, or not enough: trying again, or another network, is no help.
inline bool RefusesCredential(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == reason::kUpstreamAuthRejected || reason == reason::kUpstreamDenied ||
         reason == reason::kConnectorUnusable || reason == reason::kConnectorExpired ||
         reason == reason::kLocalNotFound || reason == reason::kImplicitLoginNotAllowed ||
         status.code() == absl::StatusCode::kUnauthenticated ||
         status.code() == absl::StatusCode::kInvalidArgument;
}

}  // namespace gantry
