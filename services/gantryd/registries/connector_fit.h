// Whether a service connector's credentials are meant for a registry.
#pragma once

#include <absl/status/status.h>

#include <optional>
#include <string>

#include "gantryd/flavors/flavor.h"
#include "oci/reference.h"
#include "store/store.h"

namespace gantry {

// The canonical host that the connector's own config names ("registry": "ghcr.io"), if it does.
//   INVALID_ARGUMENT INVALID_CONFIG   it is no registry host
absl::StatusOr<std::optional<std::string>> HostOfConnector(const ConnectorRecord& connector);

// Whether the flavor logs in with the connector's type and auth method.
bool FlavorTakes(const FlavorInfo& flavor, const ConnectorRecord& connector);

// FAILED_PRECONDITION CONNECTOR_MISMATCH when the flavor does not take the connector's type or auth
// method, or its credentials are for another host.
absl::Status CheckConnectorFits(const ConnectorRecord& connector, const FlavorInfo& flavor,
                                const RegistryUri& uri);

}  // namespace gantry
