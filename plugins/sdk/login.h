// Logging in with a user name and a password: connector type "docker", method "password".
#pragma once

#include "plugins/sdk/call.h"
#include "plugins/sdk/config.h"

namespace gantry::sdk {

// The connector's user name and password for the target's registry.  Without a connector, a
// credential of scheme NONE: the host then uses what docker login has left on its machine.  `actions`
// are those of gantry_flavor_table.authenticate: a password that leaves the daemon has no end, for
// what the connector's owner says about it does not shorten its life.
//   FAILED_PRECONDITION CONNECTOR_MISMATCH   another type, made for another registry, or without a
//                                            user name or password
Status PasswordLogin(const Call& call, const Config& config, const Target& target,
                     uint32_t actions, Credential& credential);

// Reports a docker connector that was made for another registry than config.uri(), if there is one.
void CheckPasswordConnector(const Config& config, Findings& findings);

}  // namespace gantry::sdk
