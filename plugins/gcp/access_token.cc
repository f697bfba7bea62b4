#include "plugins/gcp/access_token.h"

#include <algorithm>

#include "plugins/sdk/json.h"
#include "plugins/sdk/secret_form.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::gcp {

using sdk::Json;
using sdk::Ok;
using sdk::Status;

Status PostForm(const sdk::Call& call, std::string_view url, sdk::FormFields fields,
                sdk::HttpResponse& response) {
  if (!url.starts_with("https://") || sdk::HostOf(url).empty()) {
    return sdk::ConnectorUnusable("logins are sent by https alone, not to " + std::string(url),
                                  "Check token_uri.");
  }
  return sdk::PostSecretForm(call, std::string(url), std::move(fields), response);
}

Status ReadTokenAnswer(std::string_view url, std::string_view what,
                       const sdk::HttpResponse& response, int64_t asked_unix_ms,
                       std::string_view scope, AccessToken& token) {
  if (response.status != 200) return OAuthRefusal(url, what, response);
  const Json answer = Json::Parse(response.body);
  token.value = sdk::Secret(answer["access_token"].Text());
  constexpr int64_t kLongest = 12 * 3600;
  const int64_t seconds = answer["expires_in"].Integer();
  if (token.value.empty() || seconds <= 0) {
    return sdk::NotTheCloud(sdk::HostOf(url), "answered a request for " + std::string(what) +
                                                  " without an access token and its life");
  }
  token.expires_unix_ms = asked_unix_ms + std::min(seconds, kLongest) * 1000;
  // RFC 6749 §5.1: an answer names the scope where it is not the one that was asked for.
  const std::string granted = answer["scope"].Text();
  token.read_only = scope == kReadOnlyScope && (granted.empty() || granted == scope);
  return Ok();
}

Status OAuthRefusal(std::string_view url, std::string_view what,
                    const sdk::HttpResponse& response) {
  const Json answer = Json::Parse(response.body);
  std::string words = answer["error_description"].Text();
  if (const std::string subtype = answer["error_subtype"].Text(); !subtype.empty()) {
    words += (words.empty() ? "" : " ") + ("(" + subtype + ")");
  }
  return sdk::TokenRefusal(sdk::HostOf(url), what, response, answer["error"].Text(), words);
}

bool ScopeRefused(const Status& status) {
  return sdk::MetadataOf(status, "upstreamCode") == "invalid_scope";
}

}  // namespace gantry::gcp
