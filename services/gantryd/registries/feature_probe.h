// What of the distribution protocol's optional parts a repository has.
#pragma once

#include <string>

#include "base/call_context.h"
#include "oci/registry_client.h"

namespace gantry {

// For people: "referrers API: yes; deletes: not allowed; mounts: no".  `tag` is one that is there,
// or empty.  Asks for what no registry has (a manifest of that digest is no JSON), mounts a config
// where it is already, and closes what that opens: nothing is changed.  Mounts are not known where
// a registry counts pulls, as to find a config is one.
std::string ProbeFeatures(const CallContext& call, RegistryClient& client,
                          const std::string& repository, const std::string& tag);

}  // namespace gantry
