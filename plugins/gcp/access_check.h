// What a login can do with a repository: the flavor's part of a diagnosis.
#pragma once

#include "plugins/gcp/artifact_registry.h"
#include "plugins/sdk/config.h"
#include "plugins/sdk/types.h"

namespace gantry::gcp {

// Tells a repository that is missing from a role that is missing; registries answer both alike.
// `token` is what `api` uses.  An error when the API does not say.
sdk::Status CheckAccess(const sdk::Call& call, const sdk::Config& config,
                        const ArtifactRegistry& api, const AccessToken& token,
                        const RepositoryName& name, sdk::Findings& findings);

}  // namespace gantry::gcp
