// gantry orchestrator …, gantry integration …: what goes with what.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>

#include "base/status.h"
#include "clients/cli/resource_commands.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;
using v1::Orchestrator;

const char* Word(Orchestrator::RegistryNeed need) {
  switch (need) {
    case Orchestrator::REGISTRY_NEED_REQUIRED:
      return "required";
    case Orchestrator::REGISTRY_NEED_NONE:
      return "not needed";
    case Orchestrator::REGISTRY_NEED_CONDITIONAL:
      return "depends";
    default:
      return "?";
  }
}

std::string TableOf(const v1::ListOrchestratorsResponse& all) {
  Rows rows = {{"NAME", "REGISTRY", "FLAVORS", "NOTE"}};
  for (const Orchestrator& o : all.orchestrators()) {
    const std::string flavors =
        o.flavors().empty() ? "any" : fmt::format("{}", fmt::join(o.flavors(), ", "));
    const bool pulls = o.registry_need() != Orchestrator::REGISTRY_NEED_NONE;
    rows.push_back({o.name(), Word(o.registry_need()), pulls ? flavors : "-", o.note()});
  }
  return Table(rows);
}

// Flavors come with the daemon, so there is nothing to install: says what is loaded.
Outcome Install(const Session& session, const std::string& name) {
  v1::GetFlavorRequest request;
  request.set_name(name);
  GANTRY_ASSIGN_OR_RETURN(const auto flavor,
                          session.Connect().Call(&ContainerRegistry::Stub::GetFlavor, request));
  if (flavor.state() == v1::Flavor::STATE_FAILED) {
    return FailedPrecondition(reason::kFlavorNotLoaded, "flavor {} was refused: {}", name,
                              flavor.load_error())
        .Remedy("look at gantryd's log, and at the flavor's file {}", flavor.file());
  }
  return session.Show(flavor, fmt::format("{} {} is loaded, with logins {}; there is nothing to "
                                          "install\n",
                                          flavor.name(), flavor.version(),
                                          fmt::join(flavor.auth_methods(), ", ")));
}

}  // namespace

void AddOrchestratorCommands(CLI::App& app, Session& session) {
  CLI::App* group = AddGroup(app, session, "orchestrator", "What runs the images");
  AddList(*group, session, "list", "Which orchestrators need a registry",
          &ContainerRegistry::Stub::ListOrchestrators, TableOf);

  CLI::App* integration =
      AddGroup(app, session, "integration", "What the daemon has loaded for a cloud");
  AddNamed(*integration, session, "install", "Say whether the cloud's flavor is loaded",
           kind::kFlavor, Install);
}

}  // namespace gantry::cli
