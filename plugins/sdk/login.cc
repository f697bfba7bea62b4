#include "plugins/sdk/login.h"

namespace gantry::sdk {
namespace {

// The registry that the connector was made for, when that is another one.
std::string OtherRegistry(const Config& config, std::string_view host) {
  const std::string registry = RegistryHostOf(config.connector_fields()["registry"].Text());
  return registry == RegistryHostOf(host) ? std::string() : registry;
}

std::string MismatchMessage(std::string_view connector_registry, std::string_view host) {
  return "the connector's credential is for " + std::string(connector_registry) +
         ", but this registry is " + std::string(host);
}

constexpr char kMismatchRemedy[] =
    "Link a connector made for this registry, or clear the connector's field \"registry\".";

}  // namespace

Status PasswordLogin(const Call& call, const Config& config, const Target& target,
                     uint32_t actions, Credential& credential) {
  credential.registry_host = target.registry_host;
  if (!config.has_connector()) return Ok();
  if (config.connector_type() != "docker" || config.auth_method() != "password") {
    return MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_MISMATCH",
                     "this flavor cannot log in with a connector of type " +
                         config.connector_type() + ", method " + config.auth_method(),
                     "Link a connector of type docker with method password.");
  }
  if (const std::string other = OtherRegistry(config, target.registry_host); !other.empty()) {
    return MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_MISMATCH",
                     MismatchMessage(other, target.registry_host), kMismatchRemedy);
  }
  credential.username = config.connector_fields()["username"].Text();
  const Status read = call.ReadSecret("password", credential.secret);
  if (read.code == GANTRY_NOT_FOUND || (read.ok() && credential.secret.empty()) ||
      credential.username.empty()) {
    return MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_MISMATCH",
                     "the connector lacks its user name or its password",
                     "Update the connector with both fields.");
  }
  GANTRY_FLAVOR_TRY(read);
  credential.scheme = GANTRY_AUTH_BASIC;
  const bool leaves = (actions & GANTRY_HAND_OUT) != 0;
  credential.expires_unix_ms = leaves ? 0 : config.connector_expires_unix_ms();
  return Ok();
}

void CheckPasswordConnector(const Config& config, Findings& findings) {
  if (config.connector_type() != "docker" || config.uri().empty()) return;
  if (const std::string other = OtherRegistry(config, config.host()); !other.empty()) {
    findings.push_back({GANTRY_ERROR, "connector", "connector",
                        MismatchMessage(other, config.host()), kMismatchRemedy});
  }
}

}  // namespace gantry::sdk
