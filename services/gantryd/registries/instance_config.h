// What a flavor is told of a registry: the JSON of Flavor::Open, without any secret.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "store/store.h"

namespace gantry {

// `connector` may be null.  INTERNAL when a stored config is no JSON.
absl::StatusOr<std::string> InstanceConfig(const RegistryRecord& record,
                                           const ConnectorRecord* connector);

}  // namespace gantry
