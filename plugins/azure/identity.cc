#include "plugins/azure/identity.h"

#include <string.h>

#include <utility>

#include "plugins/azure/entra_login.h"
#include "plugins/azure/managed_identity.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/jwt.h"
#include "plugins/sdk/timestamp.h"

namespace gantry::azure {
namespace {

constexpr char kRegistryResource[] = "https://containerregistry.azure.net";

}  // namespace

bool Identity::is_entra() const {
  return config_.connector_type() == "azure" && config_.auth_method() != "admin-user";
}

std::string Identity::authority() const {
  const std::string named = HostOfAuthority(Field("authority_host"));
  return named.empty() ? std::string(CloudOfRegistry(config_.host()).authority) : named;
}

const Cloud& Identity::cloud() const {
  return config_.uri().empty() ? CloudOfAuthority(authority()) : CloudOfRegistry(config_.host());
}

std::string Identity::ResourceOf(Audience audience) const {
  if (audience == Audience::kRegistry) return kRegistryResource;
  return "https://" + std::string(cloud().resource_manager);
}

sdk::Status Identity::Fetch(const sdk::Call& call, Audience audience, Entry& entry) const {
  Token fetched;
  sdk::Status status = Fetch(call, ResourceOf(audience), fetched);
  if (IsUnknownResource(status) && audience == Audience::kRegistry) {
    status = Fetch(call, ResourceOf(Audience::kResourceManager), fetched);
  }
  GANTRY_FLAVOR_TRY(status);
  entry.value = std::make_shared<const sdk::Secret>(std::move(fetched.value));
  entry.expires_unix_ms = fetched.expires_unix_ms;
  return sdk::Ok();
}

sdk::Status Identity::Fetch(const sdk::Call& call, const std::string& resource,
                            Token& token) const {
  const std::string method = config_.auth_method();
  if (method == "service-principal") return AsServicePrincipal(call, resource, token);
  if (method == "access-token") return WithFixedToken(call, token);
  if (method == "workload-identity") return AsWorkload(call, resource, token);
  if (method == "managed-identity") return AsMachine(call, resource, token);
  return ByEnvironment(call, resource, token);
}

sdk::Status Identity::AsServicePrincipal(const sdk::Call& call, const std::string& resource,
                                         Token& token) const {
  sdk::Secret secret;
  EntraClient client{"", Field("tenant_id"), Field("client_id")};
  GANTRY_FLAVOR_TRY(SignInHost(Field("authority_host"), client.authority));
  GANTRY_FLAVOR_TRY(call.ReadSecret("client_secret", secret));
  return LoginWithSecret(call, client, resource, secret, token);
}

sdk::Status Identity::WithFixedToken(const sdk::Call& call, Token& token) const {
  GANTRY_FLAVOR_TRY(call.ReadSecret("token", token.value));
  token.expires_unix_ms = sdk::EarlierEnd(config_.connector_expires_unix_ms(),
                                          sdk::JwtExpiryUnixMs(token.value.Reveal()));
  if (token.expires_unix_ms == 0 || token.expires_unix_ms > call.now_unix_ms()) return sdk::Ok();
  return sdk::MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_EXPIRED",
                        "the connector's access token has expired",
                        "Update the connector with a new one: az account get-access-token "
                        "--resource " +
                            std::string(kRegistryResource) +
                            "; or use a service principal, whose tokens are renewed.");
}

sdk::Status Identity::AsWorkload(const sdk::Call& call, const std::string& resource,
                                 Token& token) const {
  EntraClient client;
  std::string authority_host, file;
  GANTRY_FLAVOR_TRY(FieldOr(call, "tenant_id", "AZURE_TENANT_ID", client.tenant));
  GANTRY_FLAVOR_TRY(FieldOr(call, "client_id", "AZURE_CLIENT_ID", client.client_id));
  GANTRY_FLAVOR_TRY(FieldOr(call, "federated_token_file", "AZURE_FEDERATED_TOKEN_FILE", file));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AZURE_AUTHORITY_HOST", authority_host));
  if (client.tenant.empty() || client.client_id.empty() || file.empty()) {
    return sdk::ConnectorUnusable(
        "a workload identity needs a tenant, a client id and a file with a federated token",
        "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE for gantryd, as AKS "
        "does for pods labelled azure.workload.identity/use, or the connector's fields.");
  }
  GANTRY_FLAVOR_TRY(SignInHost(authority_host, client.authority));
  sdk::Secret content;
  const sdk::Status read = call.ReadFile(file, content);
  if (read.code == GANTRY_NOT_FOUND) {
    return sdk::ConnectorUnusable("there is no federated token in " + file,
                                  "Mount the service account's token there, with the audience "
                                  "api://AzureADTokenExchange.");
  }
  GANTRY_FLAVOR_TRY(read);
  return LoginWithAssertion(call, client, resource, sdk::Secret(sdk::Trim(content.Reveal())),
                            token);
}

sdk::Status Identity::AsMachine(const sdk::Call& call, const std::string& resource,
                                Token& token) const {
  return LoginAsMachine(call, {Field("client_id"), Field("object_id"), Field("msi_res_id")},
                        resource, token);
}

// The order of Azure's own libraries (DefaultAzureCredential): a secret in the environment, a
// workload identity, the machine's.
sdk::Status Identity::ByEnvironment(const sdk::Call& call, const std::string& resource,
                                    Token& token) const {
  EntraClient client;
  std::string authority_host, secret, file;
  GANTRY_FLAVOR_TRY(FieldOr(call, "tenant_id", "AZURE_TENANT_ID", client.tenant));
  GANTRY_FLAVOR_TRY(FieldOr(call, "client_id", "AZURE_CLIENT_ID", client.client_id));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AZURE_CLIENT_SECRET", secret));
  sdk::Secret client_secret(secret);
  explicit_bzero(secret.data(), secret.size());
  const bool named = !client.tenant.empty() && !client.client_id.empty();
  if (named && !client_secret.empty()) {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("AZURE_AUTHORITY_HOST", authority_host));
    GANTRY_FLAVOR_TRY(SignInHost(authority_host, client.authority));
    return LoginWithSecret(call, client, resource, client_secret, token);
  }
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AZURE_FEDERATED_TOKEN_FILE", file));
  if (named && !file.empty()) return AsWorkload(call, resource, token);
  return LoginAsMachine(call, {client.client_id, "", ""}, resource, token);
}

sdk::Status Identity::SignInHost(const std::string& named, std::string& host) const {
  host = named.empty() ? authority() : HostOfAuthority(named);
  if (!host.empty()) return sdk::Ok();
  return sdk::ConnectorUnusable(named + " is no host of Microsoft Entra",
                                "Use its host name, such as login.microsoftonline.us.");
}

sdk::Status Identity::FieldOr(const sdk::Call& call, const char* field, const char* variable,
                              std::string& value) const {
  value = Field(field);
  return value.empty() ? call.ReadEnvironment(variable, value) : sdk::Ok();
}

}  // namespace gantry::azure
