// gantry: the command line of gantryd.
#include "clients/cli/session.h"
#include "clients/cli/signals.h"

namespace gantry::cli {
namespace {

int Main(int argc, char** argv) {
  const SignalWatch signals;
  Session session;
  session.stop = signals.stop_token();
  CLI::App app("Puts container images where an orchestrator can pull them, and says what to pull.",
               "gantry");
  AddGlobalOptions(app, session);
  app.get_option("--address")->envname("GANTRY_ADDRESS");  // here alone: an option weighs more
  app.set_version_flag("--version", "gantry " GANTRY_VERSION);
  app.require_subcommand(1);
  app.footer(ExitCodeHelp());
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
