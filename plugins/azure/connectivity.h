// Where the way into a registry ends, in the steps of `az acr check-health`.
#pragma once

#include <string>

#include "plugins/azure/identity.h"
#include "plugins/sdk/call.h"

namespace gantry::azure {

// Challenge, Entra, the registry's refresh token, an access token for pushing to the target's
// repository, or without one to any below `path`: a finding each.  What refuses the login is an
// error, for the host to explain.  The host's own checks have found the registry's address and
// certificate in order.
sdk::Status CheckConnectivity(const sdk::Call& call, Identity& identity, const sdk::Target& target,
                              const std::string& path, sdk::Findings& findings);

}  // namespace gantry::azure
