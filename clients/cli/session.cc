#include "clients/cli/session.h"

#include <iostream>
#include <memory>
#include <utility>

#include "clients/cli/key_values.h"

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

ExitCode Session::Fail(const absl::Status& status) const {
  std::cerr << DescribeError(status, format()) << std::flush;
  return ExitCodeOf(status);
}

ExitCode Session::Show(const google::protobuf::Message& message, const std::string& human) const {
  std::cout << (format() == Format::kJson ? ToJson(message) : human) << std::flush;
  return kOk;
}

void AddGlobalOptions(CLI::App& app, Session& session) {
  constexpr char kGroup[] = "Global options";
  app.add_option("--address", session.address, "Where gantryd listens, host:port or unix:/path")
      ->group(kGroup);
  app.add_option("-o,--output", session.output, "human or json")
      ->check(CLI::IsMember({"human", "json"}))
      ->group(kGroup);
  app.add_option("--timeout", session.timeout, "Give up after this long, such as 90s, 15m or 6h")
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

void AddNamed(CLI::App& parent, Session& session, const std::string& name,
              const std::string& description,
              std::function<ExitCode(const Session&, const std::string&)> run) {
  CLI::App* command = AddCommand(parent, session, name, description);
  const auto value = std::make_shared<std::string>();
  command->add_option("NAME", *value, "Its name")->required();
  command->callback([&session, value, run = std::move(run)] {
    session.command = [&session, value, run] { return run(session, *value); };
  });
}

}  // namespace gantry::cli
