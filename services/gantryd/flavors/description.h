// What a flavor says about itself, as data in its table.
#pragma once

#include <absl/status/statusor.h>

#include <string_view>

#include "gantryd/flavors/flavor.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// Of a table that the loader has checked; `file` and `sha256` are left empty.
//   FAILED_PRECONDITION FLAVOR_NOT_LOADED   the description or a connector type is not what the ABI
//                                           asks for; names the member
absl::StatusOr<FlavorInfo> DescribeFlavor(const gantry_flavor_table& table);

// Whether the registry host is the flavor's alone.
bool IsHomeOf(const FlavorInfo& flavor, std::string_view host);

}  // namespace gantry
