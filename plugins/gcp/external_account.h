// Workload identity federation: a token of another identity provider for one of Google's.
#pragma once

#include "plugins/gcp/key_file.h"

namespace gantry::gcp {

// Exchanges the subject token at Google's Security Token Service (RFC 8693), and impersonates a
// service account with what that gives where the file says so.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE        a field is missing, or names another server
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED    the pool's provider does not take the token
//   PERMISSION_DENIED UPSTREAM_DENIED             no roles/iam.workloadIdentityUser
sdk::Status ExternalAccountToken(const sdk::Call& call, const KeyFile& key, std::string_view scope,
                                 AccessToken& token);

}  // namespace gantry::gcp
