// What a login can do with a repository: the flavor's part of a diagnosis.
#pragma once

#include "plugins/gcp/artifact_registry.h"
#include "plugins/sdk/types.h"

namespace gantry::gcp {

// Tells a repository that is missing from a role that is missing; registries answer both alike.
// `token` is what `api` uses; `made_by_push`: a repository that is missing is created by the next
// push, if the login may do that.  An error when the API does not say.
sdk::Status CheckAccess(const sdk::Call& call, const ArtifactRegistry& api,
                        const AccessToken& token, const RepositoryName& name, bool made_by_push,
                        sdk::Findings& findings);

}  // namespace gantry::gcp
