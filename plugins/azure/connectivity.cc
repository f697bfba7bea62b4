#include "plugins/azure/connectivity.h"

#include <utility>

#include "plugins/azure/registry_token.h"

namespace gantry::azure {
namespace {

constexpr char kChallenge[] = "challenge", kEntra[] = "entra-login", kExchange[] = "registry-login",
               kRoles[] = "roles";

// False when there is no way on.  Microsoft's names for what fails here are
// CONNECTIVITY_FORBIDDEN_ERROR, CONNECTIVITY_CHALLENGE_ERROR and CONNECTIVITY_AAD_LOGIN_ERROR.
sdk::Status CheckChallenge(const sdk::Call& call, const std::string& host, sdk::Findings& findings,
                           bool& go_on) {
  sdk::HttpRequest request;
  request.url = "https://" + host + "/v2/";
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Http(request, response));
  const std::string challenge = response.Header("WWW-Authenticate").value_or("");
  go_on = false;
  if (response.status == 403) {
    findings.push_back({GANTRY_ERROR, kChallenge, "",
                        host + " lets nobody in from this network: its firewall or a private link "
                               "refuses even to ask for a login",
                        "Add this machine's address to the registry's network rules, or come "
                        "through its private endpoint."});
  } else if (challenge.find("https://" + host + "/oauth2/token") == std::string::npos) {
    findings.push_back({GANTRY_ERROR, kChallenge, "",
                        host + " does not send to its own token service for a login",
                        "Check that no proxy answers in its place, and that the URI has the login "
                        "server."});
  } else {
    go_on = true;
    findings.push_back(
        {GANTRY_INFO, kChallenge, "", host + " asks for a login at /oauth2/token", ""});
  }
  return sdk::Ok();
}

void ReportRoles(const sdk::Target& target, bool abac, const sdk::Secret& access_token,
                 sdk::Findings& findings) {
  const char* pull_role = abac ? "Container Registry Repository Reader" : "AcrPull";
  const char* push_role = abac ? "Container Registry Repository Writer" : "AcrPush";
  const std::string mode =
      abac ? " (the registry is in ABAC mode, where AcrPull and AcrPush count for nothing)" : "";
  const bool one = !target.repository.empty();
  // Only the roles of ABAC mode are given for one repository.
  const std::string& host = target.registry_host;
  const std::string place = abac && one ? host + "/" + target.repository : host;
  const std::string there = one ? " " + target.repository : "";
  if (Grants(access_token, "push")) {
    findings.push_back(
        {GANTRY_INFO, kRoles, "", "the identity may pull and push" + there + mode, ""});
  } else if (Grants(access_token, "pull")) {
    findings.push_back({GANTRY_WARN, kRoles, "",
                        "the identity may pull" + there + ", but not push" + mode,
                        std::string("Grant it ") + push_role + " on " + place + "."});
  } else {
    findings.push_back(
        {GANTRY_WARN, kRoles, "",
         "the login is good, but the identity may neither pull nor push" + there + mode,
         std::string("Grant it ") + push_role + ", or " + pull_role + " for pulling alone, on " +
             place + "."});
  }
}

}  // namespace

sdk::Status CheckConnectivity(const sdk::Call& call, Identity& identity, const sdk::Target& target,
                              const std::string& path, sdk::Findings& findings) {
  const std::string& host = target.registry_host;
  bool go_on = false;
  GANTRY_FLAVOR_TRY(CheckChallenge(call, host, findings, go_on));
  if (!go_on || !identity.is_entra()) return sdk::Ok();

  Identity::Entry entra;
  GANTRY_FLAVOR_TRY(identity.Get(call, Audience::kRegistry, entra));
  findings.push_back(
      {GANTRY_INFO, kEntra, "", identity.authority() + " knows " + WhoIs(*entra.value), ""});
  Token refresh;
  GANTRY_FLAVOR_TRY(LoginToRegistry(call, identity, host, refresh));
  findings.push_back({GANTRY_INFO, kExchange, "", host + " takes the identity", ""});
  // Where none is meant any name does: nothing is read or written.
  std::string repository = target.repository;
  if (repository.empty()) repository = path.empty() ? "gantry-diagnose" : path + "/gantry-diagnose";
  Token access;
  GANTRY_FLAVOR_TRY(FetchAccessToken(call, host, "repository:" + repository + ":pull,push",
                                     refresh.value, access));
  ReportRoles(target, IsOfAbacRegistry(refresh.value), access.value, findings);
  return sdk::Ok();
}

}  // namespace gantry::azure
