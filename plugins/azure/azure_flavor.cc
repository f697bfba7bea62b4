// Azure Container Registry: an identity of Microsoft Entra, exchanged for the registry's own
// tokens.
#include <string>
#include <utility>

#include "flavor_data.h"
#include "plugins/azure/connectivity.h"
#include "plugins/azure/identity.h"
#include "plugins/azure/registry_token.h"
#include "plugins/azure/resource_manager.h"
#include "plugins/azure/uri.h"
#include "plugins/sdk/table.h"
#include "plugins/sdk/timestamp.h"

namespace gantry::azure {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::Credential;
using sdk::Findings;
using sdk::MakeError;
using sdk::Ok;
using sdk::Status;
using sdk::Target;

void CheckConnector(const Config& config, Findings& findings) {
  if (config.connector_type() != "azure") return;
  const sdk::Json fields = config.connector_fields();
  const std::string authority = fields["authority_host"].Text();
  if (!authority.empty() && HostOfAuthority(authority).empty()) {
    findings.push_back({GANTRY_ERROR, "connector", "connector.authority_host",
                        authority + " is no host of Microsoft Entra",
                        "Use its host name, such as login.microsoftonline.us."});
  }
  if (config.auth_method() != "managed-identity") return;
  int named = 0;
  for (const char* field : {"client_id", "object_id", "msi_res_id"}) {
    named += fields[field].Text().empty() ? 0 : 1;
  }
  if (named > 1) {
    findings.push_back({GANTRY_ERROR, "connector", "connector.client_id",
                        "more than one of client_id, object_id and msi_res_id names the identity",
                        "Keep one of them, or none for the machine's own identity."});
  }
}

class AzureFlavor final : public sdk::Flavor {
 public:
  static constexpr uint32_t kCapabilities =
      Flavor::kCapabilities | GANTRY_CAN_DIAGNOSE | GANTRY_CAN_VERIFY | GANTRY_CAN_LIST_RESOURCES;

  AzureFlavor(const gantry_host& host, Config config)
      : Flavor(host, std::move(config)), identity_(this->config()) {}

  static Status ValidateConfig(Call& call, const Config& config, Findings& findings) {
    if (!config.uri().empty()) CheckHost(config.host(), findings);
    CheckConnector(config, findings);
    return Flavor::ValidateConfig(call, config, findings);
  }

  Status Authenticate(Call& call, const Target& target, uint32_t actions,
                      Credential& credential) override {
    if (config().connector_type() != "azure") {
      return Flavor::Authenticate(call, target, actions, credential);
    }
    credential.registry_host = target.registry_host;
    if (!identity_.is_entra()) return AsAdmin(call, credential);
    Token refresh;
    GANTRY_FLAVOR_TRY(LoginToRegistry(call, identity_, target.registry_host, refresh));
    credential.username = kTokenUser;
    if ((actions & GANTRY_HAND_OUT) != 0) return HandOut(call, target, refresh, credential);
    credential.scheme = GANTRY_AUTH_IDENTITY_TOKEN;
    credential.secret = std::move(refresh.value);
    credential.expires_unix_ms = refresh.expires_unix_ms;
    return Ok();
  }

  Status Diagnose(Call& call, const Target& target, Findings& findings) override {
    if (config().connector_type() == "azure" && !identity_.is_entra()) {
      findings.push_back({GANTRY_WARN, "admin-user", "",
                          "the registry's admin user is one password for everybody, without an end",
                          "Use a service principal or a managed identity with AcrPush."});
    }
    return CheckConnectivity(call, identity_, {config().host(), target.repository, "", ""},
                             config().path(), findings);
  }

  Status Verify(Call& call, Findings& findings) override {
    if (!identity_.is_entra()) return Flavor::Verify(call, findings);
    Identity::Entry token;
    GANTRY_FLAVOR_TRY(identity_.Get(call, Audience::kRegistry, token));
    findings.push_back({GANTRY_INFO, "identity", "", WhoIs(*token.value), ""});
    if (config().uri().empty()) return Ok();
    Token refresh;
    return LoginToRegistry(call, identity_, config().host(), refresh);
  }

  Status ListResources(Call& call, const std::string&, sdk::ResourcePage& page) override {
    if (!identity_.is_entra()) {
      return MakeError(GANTRY_UNIMPLEMENTED, "FLAVOR_UNSUPPORTED",
                       "a user name and password open one registry, and list none",
                       "Use a connector of type azure that logs in at Microsoft Entra.");
    }
    const sdk::Json fields = config().connector_fields();
    return ListRegistries(call, identity_,
                          {fields["subscription_id"].Text(), fields["resource_group"].Text()},
                          page.resources);
  }

 private:
  // It cannot be narrowed or shortened: the host lends it only where the operator says so.
  Status AsAdmin(Call& call, Credential& credential) const {
    credential.username = config().connector_fields()["username"].Text();
    GANTRY_FLAVOR_TRY(call.ReadSecret("password", credential.secret));
    credential.scheme = GANTRY_AUTH_BASIC;
    return Ok();
  }

  static Status HandOut(Call& call, const Target& target, const Token& refresh,
                        Credential& credential) {
    const bool everything = target.repository.empty();
    const std::string repository = everything ? "*" : target.repository;
    Token access;
    GANTRY_FLAVOR_TRY(FetchAccessToken(
        call, target.registry_host, "repository:" + repository + ":pull", refresh.value, access));
    if (!Grants(access.value, "pull")) {
      return MakeError(
          GANTRY_PERMISSION_DENIED, "UPSTREAM_DENIED",
          "the identity may not pull from " + target.registry_host + "/" + repository,
          everything && IsOfAbacRegistry(refresh.value)
              ? "Name one repository, by --repository of gantry login or gantry pull-secret: in "
                "ABAC mode no credential is for all of them."
              : "Grant it AcrPull on the registry; in ABAC mode, Container Registry Repository "
                "Reader on the repository.");
    }
    credential.scheme = GANTRY_AUTH_BASIC;
    credential.expires_unix_ms = sdk::EarlierEnd(access.expires_unix_ms, refresh.expires_unix_ms);
    credential.read_only = !Grants(access.value, "push") && !Grants(access.value, "delete");
    credential.one_repository = !everything && IsFor(access.value, target.repository);
    credential.secret = std::move(access.value);
    return Ok();
  }

  Identity identity_;
};

}  // namespace
}  // namespace gantry::azure

GANTRY_FLAVOR(gantry::azure::AzureFlavor)
