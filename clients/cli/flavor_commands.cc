// gantry flavor …
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "clients/cli/resource_commands.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

std::string Describe(const v1::Flavor& f) {
  Rows rows = {{"Name", f.name()}, {"File", f.file()}};
  if (f.state() == v1::Flavor::STATE_FAILED) {
    rows.push_back({"Refused", f.load_error()});
    return Table(rows);
  }
  rows.insert(rows.end(), {{"Title", f.display_name()},
                           {"Version", f.version()},
                           {"Best for", f.best_for()},
                           {"Features", f.features()},
                           {"Cost", f.cost()},
                           {"URI", f.uri_form()},
                           {"Example", f.uri_example()},
                           {"Logins", fmt::format("{}", fmt::join(f.auth_methods(), ", "))},
                           {"Can", fmt::format("{}", fmt::join(f.capabilities(), ", "))},
                           {"SHA-256", f.sha256()}});
  return Table(rows);
}

std::string TableOf(const v1::ListFlavorsResponse& all) {
  Rows rows = {{"NAME", "URI", "BEST FOR", "FEATURES", "COST"}};
  for (const v1::Flavor& f : all.flavors()) {
    const bool failed = f.state() == v1::Flavor::STATE_FAILED;
    rows.push_back({f.name(), f.uri_form(), failed ? "REFUSED: " + f.load_error() : f.best_for(),
                    f.features(), f.cost()});
  }
  return Table(rows);
}

}  // namespace

void AddFlavorCommands(CLI::App& app, Session& session) {
  CLI::App* group = AddGroup(app, session, "flavor", "What the daemon can push to");
  AddList(*group, session, "list", "All flavors", &ContainerRegistry::Stub::ListFlavors, TableOf);
  AddDescribe(*group, session, "One flavor", kind::kFlavor, &ContainerRegistry::Stub::GetFlavor,
              Describe);
}

}  // namespace gantry::cli
