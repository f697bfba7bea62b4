// What a flavor says about itself, as data in its table.
#pragma once

#include <absl/status/statusor.h>

#include "gantryd/flavors/flavor.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// Of a table that the loader has checked; `file` and `sha256` are left empty.
//   FAILED_PRECONDITION FLAVOR_NOT_LOADED   the description or a connector type is not what the ABI
//                                           asks for; names the member
absl::StatusOr<FlavorInfo> DescribeFlavor(const gantry_flavor_table& table);

}  // namespace gantry
