// What a token may do, as GitHub's API tells it.
#pragma once

#include <string_view>

#include "plugins/github/site.h"
#include "plugins/sdk/call.h"

namespace gantry::github {

// Asks the site's API once, and reports the token's scopes and end.  Findings of level WARN say
// what is missing; an API that cannot be reached is one of them, since a push does without it.
//   UpstreamError's, when the API refuses the token
sdk::Status CheckScopes(const sdk::Call& call, const Site& site, std::string_view token,
                        sdk::Findings& findings);

}  // namespace gantry::github
