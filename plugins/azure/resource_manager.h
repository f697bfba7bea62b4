// Azure's API, Resource Manager: which registries an identity can see.
#pragma once

#include <string>
#include <vector>

#include "plugins/azure/identity.h"
#include "plugins/sdk/call.h"

namespace gantry::azure {

// Where to look; both may be empty.
struct RegistryFilter {
  std::string subscription_id;  // empty: all that the identity can see
  std::string resource_group;
};

// Every registry, all pages, by its login server.
//   and the errors of Identity::Get and UpstreamError
sdk::Status ListRegistries(const sdk::Call& call, Identity& identity, const RegistryFilter& filter,
                           std::vector<sdk::Resource>& registries);

}  // namespace gantry::azure
