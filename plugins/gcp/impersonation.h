// Tokens of a service account that another identity may impersonate: the IAM Credentials API.
#pragma once

#include <string>
#include <string_view>

#include "plugins/gcp/access_token.h"
#include "plugins/gcp/endpoints.h"

namespace gantry::gcp {

// Where tokens of the service account are to be had.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   `email` is no service account's address or number
sdk::Status ImpersonationUrl(const Endpoints& endpoints, std::string_view email, std::string& url);

// What `url` gives to the owner of `source`; that needs roles/iam.serviceAccountTokenCreator.
sdk::Status Impersonate(const sdk::Call& call, std::string_view url, const AccessToken& source,
                        std::string_view scope, AccessToken& token);

}  // namespace gantry::gcp
