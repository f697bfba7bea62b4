#include "plugins/gcp/login.h"

#include <optional>

#include "plugins/gcp/default_credentials.h"
#include "plugins/gcp/impersonation.h"
#include "plugins/gcp/key_file.h"
#include "plugins/gcp/token_info.h"
#include "plugins/sdk/timestamp.h"

namespace gantry::gcp {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::MakeError;
using sdk::Status;

// One of the connector's secrets, which has to be there.
Status ReadRequired(const Call& call, const char* field, sdk::Secret& secret) {
  const Status read = call.ReadSecret(field, secret);
  if (read.code != GANTRY_NOT_FOUND && !read.ok()) return read;
  if (read.ok() && !secret.empty()) return read;
  return sdk::ConnectorUnusable(std::string("the connector lacks ") + field,
                                std::string("Update the connector with --") + field + ".");
}

// A credential file, which has to be of the kind that the way to log in is for.
Status ParseKeyFileOf(const char* type, std::string_view text, const char* field, KeyFile& key) {
  GANTRY_FLAVOR_TRY(ParseKeyFile(text, field, key));
  if (key.type() == type) return sdk::Ok();
  return sdk::ConnectorUnusable(
      std::string(field) + " is of type \"" + key.type() + "\", not \"" + type + "\"",
      "Use type gcp and the auth method that fits the file: service-account, "
      "user-account or external-account.");
}

Status ReadKeyFile(const Call& call, const char* field, const char* type, KeyFile& key) {
  sdk::Secret text;
  GANTRY_FLAVOR_TRY(ReadRequired(call, field, text));
  return ParseKeyFileOf(type, text.Reveal(), field, key);
}

Status ImpersonatedToken(const Call& call, const Config& config, std::string_view scope,
                         AccessToken& token) {
  const Endpoints endpoints = Endpoints::Of(config);
  const sdk::Json fields = config.connector_fields();
  Impersonation wanted;
  GANTRY_FLAVOR_TRY(ImpersonationUrl(endpoints, fields["target_principal"].Text(), wanted.url));
  if (const int64_t lifetime = fields["duration_seconds"].Integer(); lifetime > 0) {
    wanted.lifetime_seconds = lifetime;
  }
  KeyFile key;
  GANTRY_FLAVOR_TRY(ReadKeyFile(call, "service_account_json", "service_account", key));
  AccessToken source;
  GANTRY_FLAVOR_TRY(TokenOfKeyFile(call, endpoints, key, kFullScope, source));
  return Impersonate(call, wanted, source, scope, token);
}

// A token that somebody else has made: it ends when its owner or Google says.
Status FixedToken(const Call& call, const Config& config, AccessToken& token) {
  GANTRY_FLAVOR_TRY(ReadRequired(call, "token", token.value));
  token.identity = config.connector_fields()["service_account_email"].Text();
  const int64_t end = config.connector_expires_unix_ms();
  const Status found = LookUpToken(call, Endpoints::Of(config), token);
  // Who has said when it ends need not have Google in reach.
  if (!found.ok() && (found.code != GANTRY_UNAVAILABLE || end == 0)) return found;
  token.expires_unix_ms = sdk::EarlierEnd(token.expires_unix_ms, end);
  return sdk::Ok();
}

enum class KeyPassword { kNone, kPlain, kBase64 };

KeyPassword KeyPasswordOf(const Config& config) {
  if (config.connector_type() != "docker") return KeyPassword::kNone;
  const std::string user = config.connector_fields()["username"].Text();
  if (user == "_json_key") return KeyPassword::kPlain;
  return user == "_json_key_base64" ? KeyPassword::kBase64 : KeyPassword::kNone;
}

Status KeyPasswordToken(const Call& call, const Config& config, std::string_view scope,
                        AccessToken& token) {
  sdk::Secret password;
  GANTRY_FLAVOR_TRY(ReadRequired(call, "password", password));
  if (KeyPasswordOf(config) == KeyPassword::kBase64) {
    password = sdk::Secret(sdk::DecodeBase64(password.Reveal()).value_or(""));
  }
  KeyFile key;
  GANTRY_FLAVOR_TRY(ParseKeyFileOf("service_account", password.Reveal(), "password", key));
  return TokenOfKeyFile(call, {}, key, scope, token);
}

}  // namespace

bool GivesAccessToken(const Config& config) {
  return config.connector_type() == "gcp" || KeyPasswordOf(config) != KeyPassword::kNone;
}

Status FetchAccessToken(const Call& call, const Config& config, std::string_view scope,
                        AccessToken& token) {
  if (KeyPasswordOf(config) != KeyPassword::kNone) {
    return KeyPasswordToken(call, config, scope, token);
  }
  const std::string method = config.auth_method();
  if (method == "impersonation") return ImpersonatedToken(call, config, scope, token);
  if (method == "oauth2-token") return FixedToken(call, config, token);
  if (method == "implicit") return DefaultToken(call, Endpoints::Of(config), scope, token);

  struct KeyMethod {
    const char *method, *field, *type;
  };
  constexpr KeyMethod kMethods[] = {
      {"service-account", "service_account_json", "service_account"},
      {"user-account", "user_account_json", "authorized_user"},
      {"external-account", "external_account_json", "external_account"}};
  for (const KeyMethod& known : kMethods) {
    if (method != known.method) continue;
    KeyFile key;
    GANTRY_FLAVOR_TRY(ReadKeyFile(call, known.field, known.type, key));
    return TokenOfKeyFile(call, Endpoints::Of(config), key, scope, token);
  }
  return MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_MISMATCH",
                   "this flavor cannot log in with a connector of type " + config.connector_type() +
                       ", method " + method,
                   "Link a connector of type gcp, or of type docker with method password.");
}

}  // namespace gantry::gcp
