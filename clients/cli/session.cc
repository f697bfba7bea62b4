#include "clients/cli/session.h"

#include <iostream>
#include <utility>

#include "clients/cli/key_values.h"
#include "clients/cli/value_kind.h"

namespace gantry::cli {

client::Client Session::Connect(int64_t default_timeout_seconds) const {
  client::ClientOptions options;
  options.address = address;
  options.stop = stop;
  // Checked when the option was parsed.
  const int64_t seconds = timeout.empty() ? default_timeout_seconds : *ParseSeconds(timeout);
  options.timeout = std::chrono::seconds(seconds);
  return client::Client(std::move(options));
}

ExitCode Session::Show(const google::protobuf::Message& message, const std::string& human) const {
  std::cout << (format() == Format::kJson ? ToJson(message) : human);
  return kOk;
}

void AddGlobalOptions(CLI::App& app, Session& session) {
  constexpr char kGroup[] = "Global options";
  app.add_option("--address", session.address, "Where gantryd listens, host:port or unix:/path")
      ->type_name(kind::kAddress)
      ->group(kGroup);
  OneOf(app.add_option("-o,--output", session.output, "For people or for programs"),
        {"human", "json"})
      ->group(kGroup);
  app.add_option("--timeout", session.timeout, "Give up after this long, such as 90s, 15m or 6h")
      ->type_name("DURATION")
      ->check([](const std::string& text) {
        const auto seconds = ParseSeconds(text);
        return seconds.ok() ? "" : std::string(MessageOf(seconds.status()));
      })
      ->group(kGroup);
}

CLI::App* AddCommand(CLI::App& parent, Session& session, const std::string& name,
                     const std::string& description) {
  CLI::App* command = parent.add_subcommand(name, description);
  AddGlobalOptions(*command, session);
  return command;
}

CLI::App* AddGroup(CLI::App& parent, Session& session, const std::string& name,
                   const std::string& description) {
  CLI::App* group = AddCommand(parent, session, name, description);
  group->require_subcommand(1);
  return group;
}

}  // namespace gantry::cli
