// Application Default Credentials: how Google's own tools find the login of the machine they run
// on.
#pragma once

#include "plugins/gcp/access_token.h"
#include "plugins/gcp/endpoints.h"

namespace gantry::gcp {

// In Google's order: the file that GOOGLE_APPLICATION_CREDENTIALS names, the one that gcloud auth
// application-default login has left, the metadata server.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE        there is none of them
//   PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED  by the host
sdk::Status DefaultToken(const sdk::Call& call, const Endpoints& endpoints, std::string_view scope,
                         AccessToken& token);

}  // namespace gantry::gcp
