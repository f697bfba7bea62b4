// Whether the present login may pull from one repository.
#pragma once

#include "plugins/sdk/call.h"

namespace gantry::sdk {

// Asks the target's registry with a login for pulling from the target's repository alone, and
// reports the answer as finding "pull-right"; nothing for a target without a repository.  An error
// only when the registry says nothing about it.
Status CheckPull(const Call& call, const Target& target, Findings& findings);

}  // namespace gantry::sdk
