// What every command shares: the global options, the connection, where output goes.
#pragma once

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "clients/cli/exit_code.h"
#include "clients/cli/output.h"
#include "clients/cpp/client.h"

namespace gantry::cli {

// How a command ended; an error is printed, and becomes an exit code, in main().
using Outcome = absl::StatusOr<ExitCode>;

// Made in main() and alive until the process ends.  Commands run on the main thread.
struct Session {
  std::string address = "127.0.0.1:7460";
  std::string output = "human";
  std::string timeout;   // "" : the command's own
  std::stop_token stop;  // Ctrl-C
  // Set by the command that the arguments name; main() runs it.
  std::function<Outcome()> command;

  Format format() const { return output == "json" ? Format::kJson : Format::kHuman; }
  client::Client Connect(int64_t default_timeout_seconds = 60) const;

  // Prints the message as JSON, or what `human` makes of it.
  ExitCode Show(const google::protobuf::Message& message, const std::string& human) const;
};

// Every command takes the global options, so that they may stand before it or behind it.  (CLI11's
// own way, fallthrough, would take a flavor's free fields for misspelt global options.)
void AddGlobalOptions(CLI::App& app, Session& session);

// Adds a command below `parent`, with the global options.
CLI::App* AddCommand(CLI::App& parent, Session& session, const std::string& name,
                     const std::string& description);

// Adds a command that has commands of its own.
CLI::App* AddGroup(CLI::App& parent, Session& session, const std::string& name,
                   const std::string& description);

// Makes `command` run `run` with the options that its arguments have filled in.
template <class Options>
void Runs(CLI::App& command, Session& session, std::shared_ptr<Options> options,
          Outcome (*run)(const Session&, const Options&)) {
  command.callback([&session, options = std::move(options), run] {
    session.command = [&session, options, run] { return run(session, *options); };
  });
}

void AddFlavorCommands(CLI::App& app, Session& session);
void AddRegistryCommands(CLI::App& app, Session& session);
void AddConnectorCommands(CLI::App& app, Session& session);
void AddPushCommand(CLI::App& app, Session& session);
void AddImageCommands(CLI::App& app, Session& session);
void AddLoginCommands(CLI::App& app, Session& session);
void AddCredentialHelperCommand(CLI::App& app, Session& session);
void AddOrchestratorCommands(CLI::App& app, Session& session);
void AddCompletionCommand(CLI::App& app, Session& session);

}  // namespace gantry::cli
