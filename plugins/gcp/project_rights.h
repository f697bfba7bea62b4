// What a login may do in a whole project: the Resource Manager API.
#pragma once

#include <string>
#include <vector>

#include "plugins/gcp/access_token.h"

namespace gantry::gcp {

// Those of `permissions` that the token has in the project; to ask takes no right, but the API has
// to be enabled.  Fails as Google refuses.
sdk::Status TestProjectPermissions(const sdk::Call& call, const AccessToken& token,
                                   const std::string& project,
                                   const std::vector<std::string>& permissions,
                                   std::vector<std::string>& granted);

}  // namespace gantry::gcp
