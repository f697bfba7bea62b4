// The facade: a flavor's table of C functions as a Flavor.
#pragma once

#include <memory>

#include "gantryd/flavors/flavor.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// Over a table that the loader has checked; `table` lives as long as the process.  Never fails.
std::unique_ptr<Flavor> MakeFlavorV1(const gantry_flavor_table& table, FlavorInfo info);

}  // namespace gantry
