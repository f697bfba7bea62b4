#include "gantryd/registries/flavor_choice.h"

#include "gantryd/flavors/description.h"

namespace gantry {

std::string FlavorForHost(const FlavorCatalog& flavors, const std::string& host) {
  for (const FlavorInfo& flavor : flavors.List()) {
    if (flavor.load_error.empty() && IsHomeOf(flavor, host)) return flavor.name;
  }
  return "default";
}

}  // namespace gantry
