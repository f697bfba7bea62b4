// list_flavors DIRECTORY: loads the flavors there as the daemon does; fails when one is refused.
#include <fmt/format.h>

#include "base/status.h"
#include "gantryd/flavors/catalog.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: list_flavors DIRECTORY\n");
    return 2;
  }
  const auto flavors = gantry::LoadFlavors(argv[1]);
  if (!flavors.ok()) {
    fmt::print(stderr, "{}\n", gantry::MessageOf(flavors.status()));
    return 1;
  }
  int refused = 0;
  for (const gantry::FlavorInfo& info : (*flavors)->List()) {
    fmt::print("{} {} {}\n", info.name, info.version,
               info.load_error.empty() ? info.display_name : info.load_error);
    refused += info.load_error.empty() ? 0 : 1;
  }
  return refused == 0 ? 0 : 1;
}
