// A connector's config, parted into what may be shown and what is secret.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>

#include "base/secret.h"
#include "gantryd/registries/schema.h"

namespace gantry {

struct ConnectorConfig {
  std::string public_json = "{}";
  std::map<std::string, Secret> secrets;
};

// Checks `config_json` against the schema and parts it.  A member that is null counts as left out.
// Secrets of `stored`, if it is given, that are left out keep their value (null takes them away), if
// the schema still has them; but not when a field changes that says where they are sent: who may
// write them need not be who may read them.  `moved_by` names such a field beside the config, or is
// empty.
//   INVALID_ARGUMENT INVALID_CONFIG   with every wrong field; never with a value
absl::StatusOr<ConnectorConfig> ReadConnectorConfig(const ConfigSchema& schema,
                                                    const Secret& config_json,
                                                    const ConnectorConfig* stored,
                                                    const std::string& moved_by = "");

}  // namespace gantry
