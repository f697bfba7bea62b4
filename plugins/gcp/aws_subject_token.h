// The subject token of an AWS identity: a signed request that Google sends to AWS in its place.
#pragma once

#include "plugins/gcp/key_file.h"

namespace gantry::gcp {

// For a credential source with "environment_id": "aws1".
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   the machine has no AWS credentials, or no region
sdk::Status ReadAwsSubjectToken(const sdk::Call& call, const KeyFile& key, sdk::Secret& token);

}  // namespace gantry::gcp
