#include "plugins/gcp/key_file.h"

#include "plugins/gcp/authorized_user.h"
#include "plugins/gcp/external_account.h"
#include "plugins/gcp/impersonation.h"
#include "plugins/gcp/service_account.h"

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

// {"type": "impersonated_service_account"}: what gcloud auth application-default login
// --impersonate-service-account writes.
Status ImpersonatedToken(const sdk::Call& call, const Endpoints& endpoints, const KeyFile& key,
                         std::string_view scope, AccessToken& token) {
  GANTRY_FLAVOR_TRY(RequireFields(key, {"service_account_impersonation_url"}));
  Impersonation wanted{key.json["service_account_impersonation_url"].Text(), {}};
  GANTRY_FLAVOR_TRY(RequireImpersonationUrl(wanted.url, key.source));
  const sdk::Json delegates = key.json["delegates"];
  for (size_t i = 0; i < delegates.size(); ++i) wanted.delegates.push_back(delegates[i].Text());
  const KeyFile inner{key.json["source_credentials"], key.source + ".source_credentials",
                      key.of_machine};
  if (inner.type() == "impersonated_service_account") {
    return sdk::ConnectorUnusable(key.source + " impersonates twice",
                                  "Name the account to impersonate directly.");
  }
  AccessToken source;
  GANTRY_FLAVOR_TRY(TokenOfKeyFile(call, endpoints, inner, kFullScope, source));
  return Impersonate(call, wanted, source, scope, token);
}

}  // namespace

Status ParseKeyFile(std::string_view text, std::string_view source, KeyFile& key) {
  key = {sdk::Json::Parse(text), std::string(source)};
  if (!key.type().empty()) return Ok();
  return sdk::ConnectorUnusable(
      key.source +
          " is no credential file of Google: it has to be a JSON object with "
          "a \"type\"",
      "Give the whole file as Google wrote it, such as --" + key.source + "=@key.json.");
}

Status RequireFields(const KeyFile& key, std::initializer_list<const char*> fields) {
  for (const char* field : fields) {
    if (key.json[field].Text().empty()) {
      return sdk::ConnectorUnusable(key.source + " lacks \"" + field + "\"",
                                    "Give the whole file as Google wrote it.");
    }
  }
  return Ok();
}

Status TokenOfKeyFile(const sdk::Call& call, const Endpoints& endpoints, const KeyFile& key,
                      std::string_view scope, AccessToken& token) {
  const std::string type = key.type();
  if (type == "service_account") return ServiceAccountToken(call, endpoints, key, scope, token);
  if (type == "authorized_user") return AuthorizedUserToken(call, endpoints, key, scope, token);
  if (type == "external_account") return ExternalAccountToken(call, key, scope, token);
  if (type == "impersonated_service_account") {
    return ImpersonatedToken(call, endpoints, key, scope, token);
  }
  return sdk::ConnectorUnusable(
      key.source + " is of type \"" + type + "\", which cannot be used",
      "Use a service account's key, a user's application default credentials or an "
      "external account.");
}

}  // namespace gantry::gcp
