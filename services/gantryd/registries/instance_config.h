// What a flavor is told of a registry: the JSON of Flavor::Open, without any secret.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "store/store.h"

namespace gantry {

// `connector` may be null.  `meant_for`: the URI of a registry that the connector is for, where it
// works alone and one is known.  INTERNAL when a stored config is no JSON.
absl::StatusOr<std::string> InstanceConfig(const RegistryRecord& record,
                                           const ConnectorRecord* connector,
                                           const std::string& meant_for = "");

}  // namespace gantry
