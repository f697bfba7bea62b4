// From a connector to an access token: one function over all ways to log in.
#pragma once

#include "plugins/gcp/access_token.h"
#include "plugins/sdk/config.h"

namespace gantry::gcp {

// Whether the connector leads to an access token: every method of type "gcp", and a docker
// connector whose password is a service account's key (user _json_key or _json_key_base64).
bool GivesAccessToken(const sdk::Config& config);

// A token of that scope, or of the connector's own where the method cannot choose.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE      the connector lacks what the method needs
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED, PERMISSION_DENIED UPSTREAM_DENIED,
//   UNAVAILABLE UPSTREAM_THROTTLED, UPSTREAM_UNAVAILABLE
//   PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED  by the host
sdk::Status FetchAccessToken(const sdk::Call& call, const sdk::Config& config,
                             std::string_view scope, AccessToken& token);

}  // namespace gantry::gcp
