// gantry: the command line of gantryd.
#include <cerrno>
#include <iostream>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "clients/cli/help.h"
#include "clients/cli/session.h"
#include "clients/cli/signals.h"
#include "clients/cli/usage_error.h"

namespace gantry::cli {
namespace {

ExitCode Fail(const absl::Status& status, Format format) {
  std::cerr << DescribeError(status, format) << std::flush;
  return ExitCodeOf(status);
}

// A full disk must not look like success.  A reader that has gone away, as in `| head -1`, knows.
ExitCode EndOutput(ExitCode code, Format format) {
  if (std::cout.flush() || code != kOk) return code;
  if (errno == EPIPE) return kFailure;
  return Fail(Internal(reason::kInternal, "cannot write the answer to standard output")
                  .Remedy("the command itself was done; see whether its output's disk is full"),
              format);
}

// Names and paths go into protobuf strings, which are UTF-8.
absl::Status CheckUtf8(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (ScrubUtf8(argv[i]) == argv[i]) continue;
    return InvalidArgument(reason::kInvalidArgument, "argument {} is not valid UTF-8: {}", i,
                           Excerpt(argv[i], 100))
        .Remedy("write it in UTF-8");
  }
  return absl::OkStatus();
}

// docker and its kin call helpers by name: "docker-credential-gantry get".
std::vector<char*> WithHelperName(int argc, char** argv) {
  static char gantry[] = "gantry", command[] = "credential-helper";
  std::vector<char*> arguments(argv, argv + argc);
  const std::string_view path = argc > 0 ? argv[0] : "";
  if (path.substr(path.rfind('/') + 1) == "docker-credential-gantry") {
    arguments[0] = gantry;
    arguments.insert(arguments.begin() + 1, command);
  }
  return arguments;
}

int Main(int argc, char** argv) {
  const SignalWatch signals;
  Session session;
  session.stop = signals.stop_token();
  CLI::App app("Puts container images where an orchestrator can pull them, and says what to pull.",
               "gantry");
  SetUpHelp(app);
  AddGlobalOptions(app, session);
  app.get_option("--address")->envname("GANTRY_ADDRESS");  // here alone: an option weighs more
  app.set_version_flag("--version", "gantry " GANTRY_VERSION);
  app.require_subcommand(1);
  AddPushCommand(app, session);
  AddImageCommands(app, session);
  AddRegistryCommands(app, session);
  AddConnectorCommands(app, session);
  AddFlavorCommands(app, session);
  AddLoginCommands(app, session);
  AddCredentialHelperCommand(app, session);
  AddOrchestratorCommands(app, session);
  AddCompletionCommand(app, session);
  const Format usage_format = AskForJson(argc, argv) ? Format::kJson : Format::kHuman;
  if (const auto utf8 = CheckUtf8(argc, argv); !utf8.ok()) return Fail(utf8, usage_format);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return Fail(UsageError(app, e), usage_format);
  }
  const Outcome outcome = session.command();
  return EndOutput(outcome.ok() ? *outcome : Fail(outcome.status(), session.format()),
                   session.format());
}

}  // namespace
}  // namespace gantry::cli

int main(int argc, char** argv) {
  std::vector<char*> arguments = gantry::cli::WithHelperName(argc, argv);
  return gantry::cli::Main(static_cast<int>(arguments.size()), arguments.data());
}
