#include "plugins/gcp/endpoints.h"

#include <algorithm>

namespace gantry::gcp {
namespace {

std::string Or(std::string value, std::string fallback) {
  if (value.empty()) return fallback;
  value.erase(value.find_last_not_of('/') + 1);
  return value;
}

// What stands between the scheme and the path; in a URL that is not plain, more than a host.
std::string_view AuthorityOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?#"));
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

std::string HostOf(std::string_view url) {
  const std::string_view authority = AuthorityOf(url);
  return std::string(authority.substr(0, authority.rfind(':')));
}

sdk::Status RequireService(std::string_view url, std::string_view service, std::string_view path,
                           std::string_view field) {
  constexpr std::string_view kScheme = "https://", kDomain = ".googleapis.com";
  const std::string_view host = AuthorityOf(url);
  const bool plain_name = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  const bool of_service = host.starts_with(service) && host.ends_with(kDomain) &&
                          host.size() >= service.size() + kDomain.size() &&
                          host[service.size()] == '.';
  const bool https = url.starts_with(kScheme);
  const std::string_view rest = https ? url.substr(kScheme.size() + host.size()) : "";
  if (https && plain_name && of_service && rest.starts_with(path) &&
      rest.find_first_of("?#%") == rest.npos) {
    return sdk::Ok();
  }
  return sdk::MakeError(GANTRY_FAILED_PRECONDITION, "CONNECTOR_UNUSABLE",
                        std::string(field) + " is not Google's " + std::string(service) +
                            " service: " + std::string(host),
                        "Use the configuration as Google wrote it: gcloud iam "
                        "workload-identity-pools create-cred-config.");
}

}  // namespace gantry::gcp
