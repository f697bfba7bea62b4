// What every command shares: the global options, the connection, where output goes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <stop_token>
#include <string>

#include "clients/cli/exit_code.h"
#include "clients/cli/output.h"
#include "clients/cpp/client.h"

namespace gantry::cli {

// Made in main() and alive until the process ends.  Commands run on the main thread.
struct Session {
  std::string address = "127.0.0.1:7460";
  std::string output = "human";
  std::string timeout;   // "" : the command's own
  std::stop_token stop;  // Ctrl-C
  // Set by the command that the arguments name; main() runs it.
  std::function<ExitCode()> command;

  Format format() const { return output == "json" ? Format::kJson : Format::kHuman; }
  client::Client Connect(int64_t default_timeout_seconds = 60) const;

  // Prints the error and gives its exit code.
  ExitCode Fail(const absl::Status& status) const;
  // Prints the message as JSON, or what `human` makes of it.
  ExitCode Show(const google::protobuf::Message& message, const std::string& human) const;
};

// Every command takes the global options, so that they may stand before it or behind it.  (CLI11's own
// way, fallthrough, would take a flavor's free fields for misspelt global options.)
void AddGlobalOptions(CLI::App& app, Session& session);

// Adds a command below `parent`, with the global options.
CLI::App* AddCommand(CLI::App& parent, Session& session, const std::string& name,
                     const std::string& description);

// Adds a command that takes one NAME and runs `run` with it.
void AddNamed(CLI::App& parent, Session& session, const std::string& name,
              const std::string& description,
              std::function<ExitCode(const Session&, const std::string&)> run);

void AddFlavorCommands(CLI::App& app, Session& session);
void AddRegistryCommands(CLI::App& app, Session& session);
void AddConnectorCommands(CLI::App& app, Session& session);
void AddPushCommand(CLI::App& app, Session& session);
void AddImageCommands(CLI::App& app, Session& session);
void AddCompletionCommand(CLI::App& app, Session& session);

}  // namespace gantry::cli
