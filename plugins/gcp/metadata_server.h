// The metadata server of Google's machines: Compute Engine, Kubernetes Engine, Cloud Run.
#pragma once

#include <string>
#include <string_view>

#include "plugins/gcp/access_token.h"

namespace gantry::gcp {

// A token of the service account that the machine has.
// `absent` says what was looked for before it, for the error that nothing answers.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   nothing answers there, or it is not Google's
sdk::Status MetadataToken(const sdk::Call& call, std::string_view scope, std::string_view absent,
                          AccessToken& token);

}  // namespace gantry::gcp
