// How AWS refuses, in JSON (ECR) and in XML (STS).
#pragma once

#include <string>
#include <string_view>

#include "plugins/sdk/http.h"
#include "plugins/sdk/status.h"

namespace gantry::aws {

// The error of an answer that is no success: its kind by AWS's own code, since the HTTP status is
// 400 for most.  `what` was asked for: "an authorization token".
sdk::Status AwsError(std::string_view host, std::string_view what,
                     const sdk::HttpResponse& response);

// AWS's own code in an error of AwsError: "RepositoryNotFoundException"; else empty.
std::string_view AwsCodeOf(const sdk::Status& status);

}  // namespace gantry::aws
