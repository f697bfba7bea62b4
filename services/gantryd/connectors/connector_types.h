// The connector types that the loaded flavors declare.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "gantryd/connectors/connector_manager.h"
#include "gantryd/flavors/flavor.h"

namespace gantry {

// In the order of type names; the auth methods of flavors that declare the same type are joined.
std::vector<ConnectorTypeView> ConnectorTypes(const FlavorCatalog& flavors);

// The auth method of a type.  INVALID_ARGUMENT INVALID_CONFIG, with what there is, when there is no
// such type or method.
absl::StatusOr<AuthMethodInfo> FindAuthMethod(const FlavorCatalog& flavors, const std::string& type,
                                              const std::string& method);

}  // namespace gantry
