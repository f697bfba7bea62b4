// The file that docker, podman and skopeo read logins from, changed without a loss.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gantry::cli {

// Whose file it is.
enum class LoginTool { kDocker, kPodman };

// Where the tool of this user keeps it: $DOCKER_CONFIG or ~/.docker, $REGISTRY_AUTH_FILE or
// $XDG_RUNTIME_DIR/containers.  FAILED_PRECONDITION when no variable says where.
absl::StatusOr<std::string> LoginFileOf(LoginTool tool);

// The file as it is; an empty object when there is none.
//   FAILED_PRECONDITION CREDENTIAL_HELPER   unreadable, or no JSON object
absl::StatusOr<nlohmann::json> ReadLoginFile(const std::string& path);

// Replaces the file at once, readable by its owner alone; what stood there stays when that fails.
absl::Status WriteLoginFile(const std::string& path, const nlohmann::json& content);

}  // namespace gantry::cli
