// Where AWS's services are asked when that is not at AWS's own hosts: a VPC endpoint, a proxy.
#pragma once

#include <string>

#include "plugins/sdk/config.h"
#include "plugins/sdk/types.h"

namespace gantry::aws {

// Base URLs; empty: AWS's own host.  As in AWS's SDKs, the endpoint of one service counts before
// that of all (AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL).  A value.
struct Endpoints {
  std::string ecr;         // of private registries
  std::string ecr_public;  // of public.ecr.aws, a service of its own
  std::string sts;

  static Endpoints Of(const sdk::Config& config);
};

// Reports endpoints that are no base URL.
void CheckEndpoints(const sdk::Config& config, sdk::Findings& findings);

}  // namespace gantry::aws
