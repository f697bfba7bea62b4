#include "gantryd/registries/connector_fit.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"
#include "oci/json.h"

namespace gantry {
namespace {

// Auth methods as "type/method", which is how flavors list them.
std::vector<std::string> Methods(const FlavorInfo& flavor) {
  std::vector<std::string> methods;
  for (const ConnectorTypeInfo& type : flavor.connector_types) {
    for (const AuthMethodInfo& method : type.auth_methods) {
      methods.push_back(type.type + "/" + method.name);
    }
  }
  return methods;
}

}  // namespace

absl::StatusOr<std::optional<std::string>> HostOfConnector(const ConnectorRecord& connector) {
  const auto config = ParseJson(connector.config_json);
  const auto registry = config.ok() ? GetString(*config, "registry") : std::nullopt;
  if (!registry || registry->empty()) return std::optional<std::string>();
  // A URL with scheme and path is taken as well: it is what "docker login" takes.
  const auto uri = RegistryUri::Parse(*registry);
  if (uri.ok()) return std::optional<std::string>(uri->host());
  auto host = CanonicalHost(Trim(*registry));
  if (host.ok()) return std::optional<std::string>(*std::move(host));
  return InvalidConfig({{"config.registry", std::string(MessageOf(host.status()))}},
                       "name the registry's host, such as ghcr.io, or leave it out");
}

bool FlavorTakes(const FlavorInfo& flavor, const ConnectorRecord& connector) {
  const std::vector<std::string> methods = Methods(flavor);
  const std::string method = connector.type + "/" + connector.auth_method;
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

absl::Status CheckConnectorFits(const ConnectorRecord& connector, const FlavorInfo& flavor,
                                const RegistryUri& uri) {
  if (!FlavorTakes(flavor, connector)) {
    const std::string method = connector.type + "/" + connector.auth_method;
    const std::vector<std::string> methods = Methods(flavor);
    return FailedPrecondition(
               reason::kConnectorMismatch, "connector {} logs in by {}, and flavor {} takes {}",
               connector.name, method, flavor.name,
               methods.empty() ? "no connectors" : fmt::format("{}", fmt::join(methods, ", ")))
        .With("connector", connector.name)
        .With("flavor", flavor.name)
        .Remedy("use a connector of a type that the flavor takes, or a flavor that takes {}",
                connector.type);
  }
  GANTRY_ASSIGN_OR_RETURN(const auto host, HostOfConnector(connector));
  if (!host || *host == uri.host()) return absl::OkStatus();
  return FailedPrecondition(reason::kConnectorMismatch,
                            "connector {} is for {}, the registry is at {}", connector.name, *host,
                            uri.host())
      .With("connector", connector.name)
      .With("connectorHost", *host)
      .With("registryHost", uri.host())
      .Remedy("use a connector for {}, or change \"registry\" in the config of {}", uri.host(),
              connector.name);
}

}  // namespace gantry
