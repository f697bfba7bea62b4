// Whether a service connector's credentials are meant for a registry.
#pragma once

#include <absl/status/status.h>

#include <optional>
#include <string>

#include "gantryd/flavors/flavor.h"
#include "oci/reference.h"
#include "store/store.h"

namespace gantry {

// The canonical host that the connector's own config ("registry": "ghcr.io") or its resource id
// names, if one does.
//   INVALID_ARGUMENT INVALID_CONFIG   it is no registry host, or they name two
absl::StatusOr<std::optional<std::string>> HostOfConnector(const ConnectorRecord& connector);

// Whether the flavor logs in with the connector's type and auth method.
bool FlavorTakes(const FlavorInfo& flavor, const ConnectorRecord& connector);

// The flavor that serves a connector before a registry says which: that of `host`, else the most
// general one that takes it.  Empty when none does; `host` may be empty.
std::string FlavorForConnector(const FlavorCatalog& flavors, const ConnectorRecord& connector,
                               const std::string& host);

// Whether the connector may be used for the registry, or for a part of it.
bool ReachesInto(const ConnectorRecord& connector, const RegistryUri& uri);

// FAILED_PRECONDITION CONNECTOR_MISMATCH when the flavor does not take the connector's type or auth
// method, its credentials are for another host, or its resource id is of another registry.
absl::Status CheckConnectorFits(const ConnectorRecord& connector, const FlavorInfo& flavor,
                                const RegistryUri& uri);

}  // namespace gantry
