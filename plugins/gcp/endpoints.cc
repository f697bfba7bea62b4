#include "plugins/gcp/endpoints.h"

#include <algorithm>

#include "plugins/sdk/http.h"

namespace gantry::gcp {
namespace {

std::string Or(std::string value, std::string fallback) {
  if (value.empty()) return fallback;
  value.erase(value.find_last_not_of('/') + 1);
  return value;
}

}  // namespace

Endpoints Endpoints::Of(const sdk::Config& config) {
  const sdk::Json fields = config.connector_fields();
  Endpoints endpoints;
  endpoints.token_uri = fields["token_uri"].Text();
  endpoints.iam = Or(fields["iam_endpoint"].Text(), std::move(endpoints.iam));
  endpoints.artifact_registry =
      Or(fields["api_endpoint"].Text(), std::move(endpoints.artifact_registry));
  return endpoints;
}

std::string Endpoints::TokenInfoUri() const {
  constexpr std::string_view kPath = "/token";
  return (token_uri.ends_with(kPath) ? token_uri : std::string(kTokenUri)) + "info";
}

sdk::Status RequireService(std::string_view url, std::string_view service, std::string_view path,
                           std::string_view field) {
  constexpr std::string_view kScheme = "https://", kDomain = ".googleapis.com";
  const std::string host = sdk::AuthorityOf(url);  // a port is more than Google writes
  const bool of_service = host.starts_with(service) && host.ends_with(kDomain) &&
                          host.size() >= service.size() + kDomain.size() &&
                          host[service.size()] == '.';
  const bool https = url.starts_with(kScheme);
  const std::string_view rest = https ? url.substr(kScheme.size() + host.size()) : "";
  if (https && of_service && rest.starts_with(path) && rest.find_first_of("?#%") == rest.npos) {
    return sdk::Ok();
  }
  return sdk::ConnectorUnusable(std::string(field) + " is not Google's " + std::string(service) +
                                    " service: " + (host.empty() ? "it names no plain host" : host),
                                "Use the file as Google or gcloud wrote it: a service account's "
                                "key, or that of gcloud iam workload-identity-pools "
                                "create-cred-config or gcloud auth application-default login.");
}

sdk::Status RequireTokenService(std::string_view url, std::string_view field) {
  constexpr std::string_view kOlder[] = {"https://accounts.google.com/o/oauth2/token",
                                         "https://www.googleapis.com/oauth2/v3/token",
                                         "https://www.googleapis.com/oauth2/v4/token"};
  if (std::find(std::begin(kOlder), std::end(kOlder), url) != std::end(kOlder)) return sdk::Ok();
  return RequireService(url, "oauth2", "/token", field);
}

sdk::Status RequireImpersonationUrl(std::string_view url, std::string_view source) {
  return RequireService(url, "iamcredentials", "/v1/projects/-/serviceAccounts/",
                        std::string(source) + ".service_account_impersonation_url");
}

}  // namespace gantry::gcp
