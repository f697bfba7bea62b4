// Which flavor serves a host, when nobody has said so.
#pragma once

#include <string>

#include "gantryd/flavors/flavor.h"

namespace gantry {

// The loaded flavor that declares the host as its own, by a whole match; else "default".  `host` is
// canonical.
std::string FlavorForHost(const FlavorCatalog& flavors, const std::string& host);

}  // namespace gantry
