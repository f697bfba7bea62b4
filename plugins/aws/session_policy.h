// Session policies: what temporary keys may do at most, whatever their role may.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/ecr_host.h"
#include "plugins/sdk/status.h"

namespace gantry::aws {

// Pulls from one repository and nothing else.  `within` is the policy that the connector asks for,
// or empty; what that forbids stays forbidden.
std::string PullPolicy(const EcrHost& registry, std::string_view repository,
                       std::string_view within, bool within_managed);

// STS takes 2048 characters of plain text for all policies of one session: the inline one, which
// may be empty, and the ARNs of managed ones.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   they are longer, and by how much
sdk::Status CheckPolicyLength(std::string_view policy, const std::vector<std::string>& arns);

// What the daemon itself does: pushes, lists and creates in the registry's repositories.
std::string RegistryPolicy(const EcrHost& registry);

}  // namespace gantry::aws
