#include "plugins/aws/endpoints.h"

#include "plugins/sdk/http.h"

namespace gantry::aws {
namespace {

using sdk::Call;
using sdk::Ok;
using sdk::Status;

const char* VariableOf(Service service) {
  switch (service) {
    case Service::kEcr:
      return "AWS_ENDPOINT_URL_ECR";
    case Service::kEcrPublic:
      return "AWS_ENDPOINT_URL_ECR_PUBLIC";
    case Service::kSts:
      return "AWS_ENDPOINT_URL_STS";
  }
  return "";
}

Status OfEnvironment(const Call& call, Service service, std::string& url) {
  std::string ignored;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ignored));
  if (sdk::SameText(ignored, "true")) return Ok();
  for (const char* name : {VariableOf(service), "AWS_ENDPOINT_URL"}) {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment(name, url));
    if (url.empty()) continue;
    if (url.starts_with("https://") && !sdk::HostOf(url).empty()) return Ok();
    return sdk::ConnectorUnusable(
        std::string(name) + " of gantryd's environment is no https URL that names a host",
        "Use the form https://vpce-….api.ecr.us-east-1.vpce.amazonaws.com.");
  }
  return Ok();
}

}  // namespace

Endpoints Endpoints::Of(const sdk::Config& config) {
  const sdk::Json fields = config.connector_fields();
  const std::string method = config.auth_method();
  Endpoints endpoints;
  endpoints.of_machine_ = method == "implicit" || method == "web-identity";
  endpoints.all_ = fields["endpoint_url"].Text();
  endpoints.ecr_ = fields["ecr_endpoint_url"].Text();
  endpoints.sts_ = fields["sts_endpoint_url"].Text();
  return endpoints;
}

Status Endpoints::Find(const Call& call, Service service, std::string& url) const {
  url.clear();
  // Whoever makes a connector must not say where the machine's identity is sent.
  if (of_machine_) return OfEnvironment(call, service, url);
  if (service == Service::kEcr) url = ecr_;
  if (service == Service::kSts) url = sts_;
  if (url.empty()) url = all_;
  return Ok();
}

void CheckEndpoints(const sdk::Config& config, sdk::Findings& findings) {
  for (const char* field : {"endpoint_url", "ecr_endpoint_url", "sts_endpoint_url"}) {
    const std::string url = config.connector_fields()[field].Text();
    if (url.empty() || !sdk::HostOf(url).empty()) continue;
    findings.push_back({GANTRY_ERROR, "connector", std::string("connector.") + field,
                        "the endpoint is no URL that names a host, and a port at most",
                        "Use the form https://vpce-….api.ecr.us-east-1.vpce.amazonaws.com."});
  }
}

}  // namespace gantry::aws
