#include "gantryd/registries/flavor_choice.h"

#include <re2/re2.h>

#include <algorithm>

namespace gantry {

std::string FlavorForHost(const FlavorCatalog& flavors, const std::string& host) {
  for (const FlavorInfo& flavor : flavors.List()) {
    const bool owns = std::any_of(
        flavor.hosts.begin(), flavor.hosts.end(),
        [&](const std::string& pattern) { return RE2::FullMatch(host, pattern); });
    if (owns && flavor.load_error.empty()) return flavor.name;
  }
  return "default";
}

}  // namespace gantry
