#include "plugins/gcp/service_account.h"

#include "plugins/sdk/jwt.h"

namespace gantry::gcp {
namespace {

using sdk::JsonQuote;
using sdk::Status;

constexpr int64_t kLifeSeconds = 3600;  // the longest that Google takes

std::string Member(std::string_view name, std::string_view text) {
  return JsonQuote(name) + ":" + JsonQuote(text);
}

}  // namespace

Status ServiceAccountToken(const sdk::Call& call, const Endpoints& endpoints, const KeyFile& key,
                           std::string_view scope, AccessToken& token) {
  GANTRY_FLAVOR_TRY(RequireFields(key, {"client_email", "private_key"}));
  const std::string email = key.json["client_email"].Text();
  const int64_t now_ms = call.now_unix_ms(), now = now_ms / 1000;
  std::string header = R"({"alg":"RS256","typ":"JWT")";
  if (const std::string id = key.json["private_key_id"].Text(); !id.empty()) {
    header += "," + Member("kid", id);
  }
  header += "}";
  // The audience is Google's own address, wherever the statement is sent.
  const std::string claims = "{" + Member("iss", email) + "," + Member("aud", kTokenUri) + "," +
                             Member("scope", scope) + ",\"iat\":" + std::to_string(now) +
                             ",\"exp\":" + std::to_string(now + kLifeSeconds) + "}";
  const sdk::Secret pem(key.json["private_key"].Text());
  const auto assertion = sdk::SignJwt(header, claims, pem.Reveal());
  if (!assertion) {
    return sdk::ConnectorUnusable("the private_key in " + key.source + " is no RSA private key",
                                  "Give the whole key file as Google wrote it.");
  }
  std::string url = endpoints.token_uri;
  if (url.empty()) url = key.json["token_uri"].Text();
  if (url.empty()) url = kTokenUri;
  if (key.of_machine) GANTRY_FLAVOR_TRY(RequireTokenService(url, key.source + ".token_uri"));
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(PostForm(
      call, url,
      {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", *assertion}},
      response));
  token.identity = email;
  token.project = key.json["project_id"].Text();
  return ReadTokenAnswer(url, "the key of " + email, response, now_ms, scope, token);
}

}  // namespace gantry::gcp
