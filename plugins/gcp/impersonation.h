// Tokens of a service account that another identity may impersonate: the IAM Credentials API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/gcp/access_token.h"
#include "plugins/gcp/endpoints.h"

namespace gantry::gcp {

// Where tokens of the service account are to be had.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   `email` is no service account's address or number
sdk::Status ImpersonationUrl(const Endpoints& endpoints, std::string_view email, std::string& url);

// Whose token is wanted, and by what chain.
struct Impersonation {
  std::string url;  // where it is to be had
  // The accounts in between, by address, unique id or resource name: each may act for the next.
  std::vector<std::string> delegates;
  int64_t lifetime_seconds = 3600;  // more is the organisation's to allow, up to 43200
};

// What the owner of `source` is given; that needs roles/iam.serviceAccountTokenCreator.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   Google gives no tokens that live so long
sdk::Status Impersonate(const sdk::Call& call, const Impersonation& wanted,
                        const AccessToken& source, std::string_view scope, AccessToken& token);

}  // namespace gantry::gcp
