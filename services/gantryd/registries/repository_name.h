// A repository as callers name it, relative to a registry or in full.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "oci/reference.h"

namespace gantry {

// The full path on the registry's host of "team/app", or of "docker.io/me/team/app" where that lies
// below the registry's URI.  What begins like a host is one, as Docker reads names; so a look-alike
// ("docker.io.evil.example/me/app") is never taken for a path.  Nothing is sanitised.
//   INVALID_ARGUMENT INVALID_REFERENCE   not legal, too long, or it does not belong to the registry
absl::StatusOr<std::string> RepositoryBelow(const RegistryUri& uri, std::string_view text);

// The path below the URI of a repository that belongs there.
std::string RelativeTo(const RegistryUri& uri, const std::string& repository);

// Host and repository may have 255 characters together (OCI distribution-spec).
absl::Status CheckNameLength(const RegistryUri& uri, const std::string& repository);

// INVALID_ARGUMENT INVALID_REFERENCE: "… does not belong to registry …".
absl::Status DoesNotBelong(const RegistryUri& uri, std::string_view image);

}  // namespace gantry
