// The registries that a login reaches.
#pragma once

#include <string>

#include "plugins/gcp/artifact_registry.h"
#include "plugins/sdk/call.h"

namespace gantry::gcp {

// One page of the project's repositories for container images, over all its locations.  Hosts of
// Container Registry are listed where a repository serves them, and not otherwise.
//   INVALID_ARGUMENT INVALID_ARGUMENT   the page token is not one of these
sdk::Status ListRegistries(const ArtifactRegistry& api, const sdk::Call& call,
                           const std::string& project, const std::string& page_token,
                           sdk::ResourcePage& page);

}  // namespace gantry::gcp
