#include "gantryd/registries/connector_session.h"

#include <utility>

#include "base/status.h"
#include "gantryd/flavors/flavor_error.h"
#include "gantryd/registries/flavor_credentials.h"
#include "gantryd/registries/instance_config.h"

namespace gantry {

absl::StatusOr<std::unique_ptr<ConnectorSession>> ConnectorSession::Open(
    const CallContext& call, Flavor& flavor, const ConnectorRecord& connector,
    const std::string& meant_for, HttpClient& http, LocalIdentity* local) {
  GANTRY_RETURN_IF_ERROR(CheckNotExpired(connector, call.clock().Now()));
  GANTRY_ASSIGN_OR_RETURN(const std::string config,
                          InstanceConfig(RegistryRecord(), &connector, meant_for));
  std::unique_ptr<ConnectorSession> session(
      new ConnectorSession(flavor.info(), connector, http, local));
  GANTRY_ASSIGN_OR_RETURN(session->instance_, flavor.Open(call, config, *session));
  return session;
}

ConnectorSession::~ConnectorSession() = default;

absl::Status ConnectorSession::Explain(absl::Status status) const {
  return WithHint(std::move(status), info_.error_hints);
}

absl::StatusOr<Secret> ConnectorSession::GetSecret(const std::string& name) {
  return SecretOf(connector_, name);
}

absl::StatusOr<HttpResponse> ConnectorSession::Registry(const CallContext&, const Target&, Actions,
                                                        const RegistryRequest&) {
  return Misbehaved(info_.name, "registry",
                    "asked a registry for something while it worked for a connector alone");
}

absl::StatusOr<Secret> SecretOf(const ConnectorRecord& connector, const std::string& name) {
  const auto it = connector.secrets.find(name);
  if (it != connector.secrets.end()) return it->second;
  return NotFound(reason::kConnectorNotFound, "connector {} has no secret '{}'", connector.name,
                  Excerpt(name, 80))
      .With("connector", connector.name)
      .Remedy("set it: gantry service-connector update {} --{}=…", connector.name,
              Excerpt(name, 80));
}

}  // namespace gantry
