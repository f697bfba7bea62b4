#include "plugins/azure/registry_token.h"

#include <utility>

#include "plugins/sdk/jwt.h"
#include "plugins/sdk/secret_form.h"
#include "plugins/sdk/timestamp.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::azure {
namespace {

sdk::Status Exchange(const sdk::Call& call, const std::string& host, const sdk::Secret& entra_token,
                     Token& refresh) {
  sdk::FormFields form = {{"grant_type", "access_token"}, {"service", host}};
  const std::string tenant = sdk::ReadJwtClaims(entra_token.Reveal())["tid"].Text();
  if (!tenant.empty()) form.emplace_back("tenant", tenant);
  form.emplace_back("access_token", entra_token.Reveal());
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(
      sdk::PostSecretForm(call, "https://" + host + "/oauth2/exchange", std::move(form), response));
  if (response.status == 200) {
    return TakeToken(host, "refresh_token", call.now_unix_ms(), response, refresh);
  }
  return RegistryRefusal(host, "to exchange the token of " + WhoIs(entra_token), response);
}

// By the registry, not by Entra before it.
bool IsRefusedBy(const std::string& host, const sdk::Status& status) {
  return status.reason == "UPSTREAM_AUTH_REJECTED" && sdk::MetadataOf(status, "registry") == host;
}

// With the token that is kept; where that is no longer taken, with a new one.
sdk::Status LoginFor(const sdk::Call& call, Identity& identity, Audience audience,
                     const std::string& host, Token& refresh) {
  const auto is_refused = [&](const sdk::Status& status) {
    return identity.is_renewed() && IsRefusedBy(host, status);
  };
  return identity.With(call, audience, is_refused, [&](const Identity::Entry& entra) {
    GANTRY_FLAVOR_TRY(Exchange(call, host, *entra.value, refresh));
    if (!identity.is_renewed()) {
      refresh.expires_unix_ms = sdk::EarlierEnd(refresh.expires_unix_ms, entra.expires_unix_ms);
    }
    return sdk::Ok();
  });
}

}  // namespace

sdk::Status LoginToRegistry(const sdk::Call& call, Identity& identity, const std::string& host,
                            Token& refresh) {
  sdk::Status status = LoginFor(call, identity, Audience::kRegistry, host, refresh);
  if (!IsRefusedBy(host, status) || !identity.is_renewed()) return status;
  // Some registries are content with a token for Azure's API alone; what they say to it otherwise
  // is no news.
  if (LoginFor(call, identity, Audience::kResourceManager, host, refresh).ok()) return sdk::Ok();
  return status;
}

sdk::Status FetchAccessToken(const sdk::Call& call, const std::string& host,
                             const std::string& scope, const sdk::Secret& refresh_token,
                             Token& access) {
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(sdk::PostSecretForm(call, "https://" + host + "/oauth2/token",
                                        {{"grant_type", "refresh_token"},
                                         {"service", host},
                                         {"scope", scope},
                                         {"refresh_token", std::string(refresh_token.Reveal())}},
                                        response));
  if (response.status != 200) return RegistryRefusal(host, "a token for " + scope, response);
  return TakeToken(host, "access_token", call.now_unix_ms(), response, access);
}

bool Grants(const sdk::Secret& access_token, std::string_view action) {
  const sdk::Json access = sdk::ReadJwtClaims(access_token.Reveal())["access"];
  for (size_t i = 0; i < access.size(); ++i) {
    const sdk::Json actions = access[i]["actions"];
    for (size_t j = 0; j < actions.size(); ++j) {
      const std::string granted = actions[j].Text();
      if (granted == action || granted == "*") return true;
    }
  }
  return false;
}

bool IsFor(const sdk::Secret& access_token, std::string_view repository) {
  const sdk::Json access = sdk::ReadJwtClaims(access_token.Reveal())["access"];
  return access.size() == 1 && access[size_t{0}]["name"].Text() == repository;
}

bool IsOfAbacRegistry(const sdk::Secret& refresh_token) {
  return static_cast<bool>(sdk::ReadJwtClaims(refresh_token.Reveal())["aad_identity"]);
}

std::string WhoIs(const sdk::Secret& entra_token) {
  const sdk::Json claims = sdk::ReadJwtClaims(entra_token.Reveal());
  std::string who;
  const auto add = [&](const char* what, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const std::string value = claims[name].Text();
      if (value.empty()) continue;
      who += std::string(who.empty() ? "" : ", ") + what + " " + value;
      return;
    }
  };
  add("user", {"upn", "unique_name", "preferred_username"});
  add("application", {"appid", "azp"});
  add("object", {"oid"});
  add("tenant", {"tid"});
  return who.empty() ? "an identity that its token does not name" : who;
}

sdk::Status RegistryRefusal(const std::string& host, std::string_view operation,
                            const sdk::HttpResponse& response) {
  const sdk::Json error = sdk::Json::Parse(response.body)["errors"][size_t{0}];
  return sdk::TokenRefusal(host, operation, response, error["code"].Text(),
                           error["message"].Text());
}

}  // namespace gantry::azure
