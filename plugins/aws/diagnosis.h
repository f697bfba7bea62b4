// What only AWS knows about a registry that does not work.
#pragma once

#include "plugins/aws/ecr_api.h"
#include "plugins/aws/login.h"

namespace gantry::aws {

// Who the connector is and whether that is the registry's own account, whether it may log in, and
// whether the registry's repository is there.  An error only when nothing could be found out.
sdk::Status DiagnoseRegistry(const sdk::Call& call, const sdk::Config& config, AwsLogin& login,
                             const EcrApi& api, sdk::Findings& findings);

}  // namespace gantry::aws
