// What only AWS knows about a registry that does not work.
#pragma once

#include <string>

#include "plugins/aws/ecr_api.h"
#include "plugins/aws/sts.h"
#include "plugins/sdk/config.h"

namespace gantry::aws {

// Who the connector is and whether that is the registry's own account, whether it may log in, and
// whether `repository`, if one is named, is there.  An error only when nothing could be found out.
sdk::Status DiagnoseRegistry(const sdk::Call& call, const sdk::Config& config,
                             const sdk::AwsKeys& keys, const Sts& sts, const EcrApi& api,
                             const std::string& repository, sdk::Findings& findings);

}  // namespace gantry::aws
