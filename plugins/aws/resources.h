// What a connector reaches: the registry of its account in one region, and the repositories there.
#pragma once

#include <string>

#include "plugins/aws/ecr_api.h"
#include "plugins/aws/sts.h"
#include "plugins/sdk/config.h"

namespace gantry::aws {

// The registry to work with when the configuration names none: of the connector's region, else that
// of a private registry that the connector is known to be for, else AWS_REGION where the daemon's
// environment may be read and the connector's role is of a partition that has it, else the
// partition's first, else us-east-1.  Its account is not known.
sdk::Status FindRegistry(const sdk::Call& call, const sdk::Config& config, EcrHost& registry);

// The registry itself comes first, then its repositories, page by page, and last the caller's
// public registries.  What cannot be reached or may not be seen of these is missing, with a warning
// in the log; an error says that nothing could be read.
sdk::Status ListResources(const sdk::Call& call, const sdk::AwsKeys& keys, const Sts& sts,
                          const EcrApi& api, const std::string& page_token,
                          sdk::ResourcePage& page);

}  // namespace gantry::aws
