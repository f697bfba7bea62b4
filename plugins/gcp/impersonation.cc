#include "plugins/gcp/impersonation.h"

#include <algorithm>

#include "plugins/gcp/google_api.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/timestamp.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

constexpr int64_t kUsualLifetime = 3600;  // of more, the organisation decides

// As the API names accounts; gcloud writes bare addresses.
std::string ResourceOf(const std::string& account) {
  constexpr std::string_view kPrefix = "projects/-/serviceAccounts/";
  return account.starts_with(kPrefix) ? account : std::string(kPrefix) + account;
}

std::string RequestBody(const Impersonation& wanted, std::string_view scope) {
  std::string delegates;
  for (const std::string& account : wanted.delegates) {
    delegates += (delegates.empty() ? "" : ",") + sdk::JsonQuote(ResourceOf(account));
  }
  return "{" + (delegates.empty() ? "" : "\"delegates\":[" + delegates + "],") + "\"scope\":[" +
         sdk::JsonQuote(scope) + "],\"lifetime\":\"" + std::to_string(wanted.lifetime_seconds) +
         "s\"}";
}

// ".../serviceAccounts/EMAIL:generateAccessToken"
std::string AccountOf(std::string_view url) {
  const size_t start = url.rfind('/') + 1;
  return std::string(url.substr(start, url.rfind(':') - start));
}

}  // namespace

Status ImpersonationUrl(const Endpoints& endpoints, std::string_view email, std::string& url) {
  const bool plain = !email.empty() && std::all_of(email.begin(), email.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '@';
  });
  if (!plain) {
    return sdk::ConnectorUnusable("target_principal is no service account",
                                  "Name it as NAME@PROJECT.iam.gserviceaccount.com.");
  }
  url = endpoints.iam + "/v1/projects/-/serviceAccounts/" + std::string(email) +
        ":generateAccessToken";
  return Ok();
}

Status Impersonate(const sdk::Call& call, const Impersonation& wanted, const AccessToken& source,
                   std::string_view scope, AccessToken& token) {
  const std::string& url = wanted.url;
  sdk::HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.body = RequestBody(wanted, scope);
  request.flags = uint32_t{GANTRY_HTTP_SECRET_BODY} | GANTRY_HTTP_IDEMPOTENT;
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(SendToGoogle(call, source, std::move(request), response));
  const std::string account = AccountOf(url);
  if (response.status != 200) {
    Status refused = ApiRefusal(url,
                                "a token of " + account + " to " +
                                    (source.identity.empty() ? "this login" : source.identity),
                                response);
    // Google does not say which argument it is that it finds invalid.
    if (response.status == 400 && wanted.lifetime_seconds > kUsualLifetime) {
      refused.reason = "CONNECTOR_UNUSABLE";
      refused.message +=
          " (" + std::to_string(wanted.lifetime_seconds) + " seconds were asked for)";
      refused.remedy =
          "Ask for 3600 seconds at most, or have the organisation policy constraints/"
          "iam.allowServiceAccountCredentialLifetimeExtension name " +
          account + ".";
    }
    return refused;
  }
  const sdk::Json answer = sdk::Json::Parse(response.body);
  token.value = sdk::Secret(answer["accessToken"].Text());
  const auto expires = sdk::ParseTimestamp(answer["expireTime"].Text());
  if (token.value.empty() || !expires) {
    return sdk::NotTheCloud(sdk::HostOf(url),
                            "answered without a token of " + account + " and its end");
  }
  token.expires_unix_ms = *expires;
  token.read_only = scope == kReadOnlyScope;
  token.identity = account;
  token.project = source.project;
  return Ok();
}

}  // namespace gantry::gcp
