// gantry flavor …
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

std::string Describe(const v1::Flavor& f) {
  std::vector<std::vector<std::string>> rows = {{"Name", f.name()}, {"File", f.file()}};
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

ExitCode List(const Session& session) {
  const auto answer =
      session.Connect().Call(&ContainerRegistry::Stub::ListFlavors, v1::ListFlavorsRequest());
  if (!answer.ok()) return session.Fail(answer.status());
  std::vector<std::vector<std::string>> rows = {{"NAME", "BEST FOR", "COST", "URI", "STATE"}};
  for (const v1::Flavor& f : answer->flavors()) {
    const bool failed = f.state() == v1::Flavor::STATE_FAILED;
    rows.push_back({f.name(), f.best_for(), f.cost(), f.uri_form(),
                    failed ? "refused: " + f.load_error() : "loaded"});
  }
  return session.Show(*answer, Table(rows));
}

}  // namespace

void AddFlavorCommands(CLI::App& app, Session& session) {
  CLI::App* flavor = AddCommand(app, session, "flavor", "What the daemon can push to");
  flavor->require_subcommand(1);
  AddCommand(*flavor, session, "list", "All flavors")->callback([&session] {
    session.command = [&session] { return List(session); };
  });
  AddNamed(*flavor, session, "describe", "One flavor",
           [](const Session& s, const std::string& name) {
             v1::GetFlavorRequest request;
             request.set_name(name);
             const auto got = s.Connect().Call(&ContainerRegistry::Stub::GetFlavor, request);
             return got.ok() ? s.Show(*got, Describe(*got)) : s.Fail(got.status());
           });
}

}  // namespace gantry::cli
