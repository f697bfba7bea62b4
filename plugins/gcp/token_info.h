// What Google says about an access token.
#pragma once

#include "plugins/gcp/access_token.h"
#include "plugins/gcp/endpoints.h"

namespace gantry::gcp {

// Fills in whose the token is and when it ends, where that is not known yet.
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED   it is none, or has ended
sdk::Status LookUpToken(const sdk::Call& call, const Endpoints& endpoints, AccessToken& token);

}  // namespace gantry::gcp
