#include "plugins/github/scopes.h"

#include <algorithm>
#include <optional>
#include <string>

#include "plugins/sdk/json.h"
#include "plugins/sdk/timestamp.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::github {
namespace {

using sdk::Findings;
using sdk::HttpRequest;
using sdk::HttpResponse;
using sdk::Ok;
using sdk::Status;

constexpr int64_t kSoonMs = int64_t{7} * 24 * 3600 * 1000;

// "repo, write:packages" holds "write:packages", and not "packages".
bool Holds(const std::string& scopes, const std::string& scope) {
  return (", " + scopes + ",").find(", " + scope + ",") != std::string::npos;
}

void CheckRights(const std::string& scopes, Findings& findings) {
  if (Holds(scopes, "write:packages")) {
    findings.push_back({GANTRY_INFO, "token-scopes", "", "the token's scopes are " + scopes, ""});
    return;
  }
  const bool reads = Holds(scopes, "read:packages");
  findings.push_back({GANTRY_WARN, "token-scopes", "",
                      "the token's scopes are " + (scopes.empty() ? "none" : scopes) +
                          (reads ? ": it may pull, not push" : ": it opens public packages alone"),
                      "Add write:packages to the token, or make one that has it."});
}

// "2026-12-01 10:00:00 UTC", or with "-0700" in the place of the zone.
std::optional<int64_t> EndOf(std::string text) {
  if (text.size() < sizeof("2026-12-01 10:00:00 UTC") - 1) return std::nullopt;
  text[sizeof("2026-12-01") - 1] = 'T';
  std::erase(text, ' ');
  if (text.ends_with("UTC")) {
    text.replace(text.size() - 3, 3, "Z");
  } else {
    text.insert(text.size() - 2, ":");
  }
  return sdk::ParseTimestamp(text);
}

void CheckEnd(const sdk::Call& call, const HttpResponse& response, Findings& findings) {
  const std::string text = response.Header("github-authentication-token-expiration").value_or("");
  const auto end = EndOf(text);
  if (!end) return;
  if (*end - call.now_unix_ms() > kSoonMs) {
    findings.push_back({GANTRY_INFO, "token-expiry", "", "the token is good until " + text, ""});
  } else {
    findings.push_back({GANTRY_WARN, "token-expiry", "", "the token ends soon, " + text,
                        "Make a new token, and update the connector with it."});
  }
}

}  // namespace

Status CheckScopes(const sdk::Call& call, const Site& site, std::string_view token,
                   Findings& findings) {
  HttpRequest request;
  request.url = site.api + "/";
  request.headers = {{"Authorization", "Bearer " + std::string(token)},
                     {"Accept", "application/vnd.github+json"},
                     {"X-GitHub-Api-Version", "2022-11-28"},
                     {"User-Agent", "gantry"}};
  HttpResponse response;
  if (!call.Http(request, response).ok()) {
    findings.push_back({GANTRY_WARN, "token-scopes", "",
                        "the token's scopes are not known: " + site.api + " cannot be reached",
                        "Pushing does without it; to see the scopes, allow requests to it."});
    return Ok();
  }
  if (response.status != 200) {
    return sdk::UpstreamError(site.api.substr(sizeof("https://") - 1), "the token", response, "",
                              sdk::Json::Parse(response.body)["message"].Text());
  }
  if (const auto scopes = response.Header("X-OAuth-Scopes")) CheckRights(*scopes, findings);
  CheckEnd(call, response, findings);
  return Ok();
}

}  // namespace gantry::github
