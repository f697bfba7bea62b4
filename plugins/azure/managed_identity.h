// Logging in as the Azure machine that the daemon runs on.
#pragma once

#include <string>
#include <string_view>

#include "plugins/azure/token.h"
#include "plugins/sdk/call.h"

namespace gantry::azure {

// Which of the machine's identities; none set: the one that is its own (system-assigned).
struct MachineIdentity {
  std::string client_id, object_id, resource_id;  // one at most
};

// A token for `resource` from what the environment tells to be there: App Service or Container
// Apps, an Arc agent, else a virtual machine's metadata service.
//   PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED   by the operator
//   UNAVAILABLE UPSTREAM_UNAVAILABLE, UPSTREAM_THROTTLED   no answer, or one that says "later"
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED     no such identity
//   FAILED_PRECONDITION UPSTREAM_PROTOCOL          it names a file that no agent would
sdk::Status LoginAsMachine(const sdk::Call& call, const MachineIdentity& identity,
                           std::string_view resource, Token& token);

}  // namespace gantry::azure
