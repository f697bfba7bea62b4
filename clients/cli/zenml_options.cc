#include "clients/cli/zenml_options.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"
#include "clients/cli/value_kind.h"

namespace gantry::cli {
namespace {

struct ZenmlOption {
  std::string_view name;  // with its dashes; '-' and '_' are the same
  bool has_value;
  // A value that says what is so anyway; "" of a flag: it may be there.  Null: never taken.
  const char* harmless;
  std::string_view why, instead;
};

constexpr ZenmlOption kConnectorOptions[] = {
    {"--no-docs", false, "", "", ""},
    {"--generate-temporary-tokens", true, "true",
     "what leaves the daemon is always a temporary token",
     "leave it out; the key itself is handed out by no option"},
    {"--interactive", false, nullptr, "every field is given as an option",
     "see the fields: gantry service-connector describe-type TYPE"},
    {"-i", false, nullptr, "every field is given as an option",
     "see the fields: gantry service-connector describe-type TYPE"},
    {"--show-secrets", false, nullptr, "secrets go into the daemon and never come out",
     "leave it out"},
    {"-x", false, nullptr, "secrets go into the daemon and never come out", "leave it out"},
};

constexpr ZenmlOption kRegistryOptions[] = {
    {"--authentication-secret", true, nullptr, "logins are kept by service connectors alone",
     "store the login with 'gantry service-connector register NAME --type docker "
     "--auth-method=password --username=… --password=…', and link it with --connector NAME"},
    {"--resource-id", true, nullptr, "the registry's URI says what its connector is used for",
     "leave it out; to confine a connector, give it to 'gantry service-connector register'"},
    {"-r", true, nullptr, "the registry's URI says what its connector is used for",
     "leave it out; to confine a connector, give it to 'gantry service-connector register'"},
    {"--automatic-token-authentication", true, "false",
     "a workflow's GITHUB_TOKEN is a password like any other",
     "store it with 'gantry service-connector register NAME --type docker --auth-method=password "
     "--username=ACTOR --password=env:GITHUB_TOKEN', and link it with --connector NAME"},
    {"--interactive", false, nullptr, "every field is given as an option",
     "see the fields: gantry flavor describe FLAVOR"},
    {"-i", false, nullptr, "every field is given as an option",
     "see the fields: gantry flavor describe FLAVOR"},
};

const ZenmlOption* Find(std::span<const ZenmlOption> options, std::string name) {
  const size_t dashes = std::min(name.find_first_not_of('-'), name.size());
  std::replace(name.begin() + static_cast<std::ptrdiff_t>(dashes), name.end(), '_', '-');
  for (const ZenmlOption& option : options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

absl::StatusOr<std::vector<std::string>> Without(std::span<const ZenmlOption> options,
                                                 std::vector<std::string> arguments) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const ZenmlOption* option = Find(options, name);
    if (!option) {
      kept.push_back(std::move(arguments[i]));
      continue;
    }
    std::string value = equals == std::string::npos ? "" : arguments[i].substr(equals + 1);
    if (option->has_value && equals == std::string::npos && i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (option->harmless && ToLower(value) == option->harmless) continue;
    return InvalidArgument(reason::kInvalidArgument, "there is no {} here: {}", name, option->why)
        .Remedy("{}", option->instead);
  }
  return kept;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> WithoutZenmlConnectorOptions(
    std::vector<std::string> arguments) {
  return Without(kConnectorOptions, std::move(arguments));
}

absl::StatusOr<std::vector<std::string>> WithoutZenmlRegistryOptions(
    std::vector<std::string> arguments) {
  return Without(kRegistryOptions, std::move(arguments));
}

void AddResourceType(CLI::App& app) {
  app.add_option_function<std::string>(
         "-r,--resource-type,--resource_type", [](const std::string&) {},
         "What the credential is for: docker-registry, the only kind there is")
      ->type_name("docker-registry")
      ->check([](const std::string& word) {
        return word == "docker-registry"
                   ? std::string()
                   : fmt::format("connectors are for docker-registry alone, and for no {}",
                                 Excerpt(word, 60));
      });
}

}  // namespace gantry::cli
