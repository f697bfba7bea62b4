// Requests to AWS's APIs, repeated while AWS is out of reach or says that they come too fast.
#pragma once

#include <string_view>

#include "plugins/aws/aws_error.h"
#include "plugins/sdk/call.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::aws {

// Who signs: null keys sign nothing.
struct Signer {
  const sdk::AwsKeys* keys = nullptr;
  std::string_view region, service;
};

// Sends the request, signed anew each time; any answer but 200 is an error of AwsError.  `what` was
// asked for.
sdk::Status SendToAws(const sdk::Call& call, const Signer& signer, std::string_view what,
                      sdk::HttpRequest request, sdk::HttpResponse& response);

}  // namespace gantry::aws
