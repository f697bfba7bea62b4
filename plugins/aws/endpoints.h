// Where AWS's services are asked when that is not at AWS's own hosts: a VPC endpoint, a proxy.
#pragma once

#include <string>

#include "plugins/sdk/call.h"
#include "plugins/sdk/config.h"
#include "plugins/sdk/types.h"

namespace gantry::aws {

enum class Service { kEcr, kEcrPublic, kSts };

// Of one connector.  As in AWS's SDKs, the endpoint of one service counts before that of all
// (AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL).  A value.
class Endpoints {
 public:
  Endpoints() = default;
  static Endpoints Of(const sdk::Config& config);

  // The service's base URL; empty: AWS's own host.  For methods that use the machine's identity the
  // daemon's environment says it, for all others the connector.
  //   FAILED_PRECONDITION CONNECTOR_UNUSABLE   the environment says something that is no https URL
  sdk::Status Find(const sdk::Call& call, Service service, std::string& url) const;

 private:
  bool of_machine_ = false;
  std::string all_, ecr_, sts_;
};

// Reports endpoints that are no base URL.
void CheckEndpoints(const sdk::Config& config, sdk::Findings& findings);

}  // namespace gantry::aws
