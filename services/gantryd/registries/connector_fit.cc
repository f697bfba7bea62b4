#include "gantryd/registries/connector_fit.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/status.h"
#include "gantryd/flavors/description.h"
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

absl::StatusOr<std::optional<std::string>> HostInConfig(const ConnectorRecord& connector) {
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

// Whether all that lies below `part` lies below `whole`.
bool IsWithin(const RegistryUri& part, const RegistryUri& whole) {
  return whole.Owns(part.host(), part.Repository("any"));
}

absl::Status CheckResource(const ConnectorRecord& connector, const RegistryUri& uri) {
  if (connector.resource_id.empty()) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(const RegistryUri resource, RegistryUri::Parse(connector.resource_id));
  if (IsWithin(uri, resource)) return absl::OkStatus();
  return FailedPrecondition(reason::kConnectorMismatch,
                            "connector {} may be used for {} alone, and the registry is {}",
                            connector.name, resource.text(), uri.text())
      .With("connector", connector.name)
      .With("resourceId", resource.text())
      .Remedy(
          "put the registry at {} or below, or change the connector: gantry service-connector "
          "update {} --resource-id {}",
          resource.text(), connector.name, uri.text());
}

}  // namespace

absl::StatusOr<std::optional<std::string>> HostOfConnector(const ConnectorRecord& connector) {
  GANTRY_ASSIGN_OR_RETURN(const auto named, HostInConfig(connector));
  if (connector.resource_id.empty()) return named;
  GANTRY_ASSIGN_OR_RETURN(const RegistryUri resource, RegistryUri::Parse(connector.resource_id));
  if (!named || *named == resource.host()) return std::optional<std::string>(resource.host());
  return InvalidConfig({{"resource_id", fmt::format("is at {}, but the config's registry is {}",
                                                    resource.host(), *named)}},
                       "name one registry, or leave one of the two out");
}

bool FlavorTakes(const FlavorInfo& flavor, const ConnectorRecord& connector) {
  const std::vector<std::string> methods = Methods(flavor);
  const std::string method = connector.type + "/" + connector.auth_method;
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

std::string FlavorForConnector(const FlavorCatalog& flavors, const ConnectorRecord& connector,
                               const std::string& host) {
  std::string chosen;
  for (const FlavorInfo& flavor : flavors.List()) {
    if (!flavor.load_error.empty() || !FlavorTakes(flavor, connector)) continue;
    if (IsHomeOf(flavor, host)) return flavor.name;
    if (chosen.empty() || flavor.name == "default") chosen = flavor.name;
  }
  return chosen;
}

bool ReachesInto(const ConnectorRecord& connector, const RegistryUri& uri) {
  if (connector.resource_id.empty()) return true;
  const auto resource = RegistryUri::Parse(connector.resource_id);
  return resource.ok() && (IsWithin(uri, *resource) || IsWithin(*resource, uri));
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
  if (!host || *host == uri.host()) return CheckResource(connector, uri);
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
