// What a login can do with a repository: the flavor's part of a diagnosis.
#pragma once

#include "plugins/gcp/artifact_registry.h"
#include "plugins/sdk/types.h"

namespace gantry::gcp {

// Tells a repository that is missing from a role that is missing; registries answer both alike.
// A refusal of the API is a finding as well; only a call that is over is an error.
sdk::Status CheckAccess(const ArtifactRegistry& api, const RepositoryName& name,
                        const std::string& identity, sdk::Findings& findings);

}  // namespace gantry::gcp
