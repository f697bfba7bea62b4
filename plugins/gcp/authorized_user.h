// A user's own login, as gcloud auth application-default login leaves it: a refresh token.
#pragma once

#include "plugins/gcp/key_file.h"

namespace gantry::gcp {

// A refresh token has the scopes that its owner granted: a narrower one that is not among them
// is refused, and the token then has them all.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE        the file lacks a field
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED    revoked, expired, or the user has to log in again
sdk::Status AuthorizedUserToken(const sdk::Call& call, const Endpoints& endpoints,
                                const KeyFile& key, std::string_view scope, AccessToken& token);

}  // namespace gantry::gcp
