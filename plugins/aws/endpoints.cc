#include "plugins/aws/endpoints.h"

#include "plugins/sdk/http.h"

namespace gantry::aws {

Endpoints Endpoints::Of(const sdk::Config& config) {
  const sdk::Json fields = config.connector_fields();
  const std::string all = fields["endpoint_url"].Text();
  const auto of = [&](const char* field) {
    std::string own = fields[field].Text();
    return own.empty() ? all : own;
  };
  return {of("ecr_endpoint_url"), all, of("sts_endpoint_url")};
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
