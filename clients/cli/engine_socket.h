// Where this user's Docker engine listens.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace gantry::cli {

// The unix socket that DOCKER_HOST names; Docker's own where it is empty.
//   FAILED_PRECONDITION SOURCE_UNREADABLE   it names an engine that is reached in another way: the
//                                           one on this machine has other images
absl::StatusOr<std::string> EngineSocket(std::string_view docker_host);

}  // namespace gantry::cli
