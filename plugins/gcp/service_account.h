// A service account's key: a signed statement for an access token (RFC 7523).
#pragma once

#include "plugins/gcp/key_file.h"

namespace gantry::gcp {

//   FAILED_PRECONDITION CONNECTOR_UNUSABLE        the file lacks a field, or its key is no RSA key
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED    Google does not take the key
sdk::Status ServiceAccountToken(const sdk::Call& call, const Endpoints& endpoints,
                                const KeyFile& key, std::string_view scope, AccessToken& token);

}  // namespace gantry::gcp
