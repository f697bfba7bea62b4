// gantry: the command line of gantryd.
#include <fmt/format.h>

#include <cstdlib>

#include "clients/cli/key_values.h"
#include "clients/cli/session.h"
#include "clients/cli/signals.h"

namespace gantry::cli {
namespace {

std::string CheckDuration(const std::string& text) {
  const auto seconds = ParseSeconds(text);
  return seconds.ok() ? "" : std::string(MessageOf(seconds.status()));
}

void AddGlobalOptions(CLI::App& app, Session& session) {
  app.add_option("--address", session.address, "Where gantryd listens, host:port or unix:/path")
      ->envname("GANTRY_ADDRESS")
      ->capture_default_str();
  app.add_option("-o,--output", session.output, "human or json")
      ->check(CLI::IsMember({"human", "json"}))
      ->capture_default_str();
  app.add_option("--timeout", session.timeout, "Give up after this long, such as 90s, 15m or 6h")
      ->check(CheckDuration);
  app.set_version_flag("--version", "gantry " GANTRY_VERSION);
  app.require_subcommand(1);
  app.footer(ExitCodeHelp());
}

int Main(int argc, char** argv) {
  const SignalWatch signals;
  Session session;
  session.stop = signals.stop_token();
  CLI::App app("Puts container images where an orchestrator can pull them, and says what to pull.",
               "gantry");
  AddGlobalOptions(app, session);
  AddPushCommand(app, session);
  AddImageCommands(app, session);
  AddRegistryCommands(app, session);
  AddConnectorCommands(app, session);
  AddFlavorCommands(app, session);
  AddCompletionCommand(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kOk : kUsage;
  }
  return session.command();
}

}  // namespace
}  // namespace gantry::cli

int main(int argc, char** argv) { return gantry::cli::Main(argc, argv); }
