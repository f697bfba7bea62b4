// AWS Signature Version 4: how requests to AWS, and proofs of an AWS identity to other clouds, are
// signed.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sdk/http.h"
#include "plugins/sdk/secret.h"

namespace gantry::sdk {

// An access key and, of temporary ones, the session token that goes with it.
struct AwsKeys {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;         // empty: long-lived keys
  int64_t expires_unix_ms = 0;  // 0: never, or not known

  bool empty() const { return access_key_id.empty(); }
};

// Signs the request as it stands, all its headers, for `service` ("ecr") in `region`.  Sets Host,
// X-Amz-Date, X-Amz-Security-Token and Authorization in place of those it had.  A signature holds
// for minutes, so a request that is sent again is signed again.
void SignAwsRequest(const AwsKeys& keys, std::string_view region, std::string_view service,
                    int64_t now_unix_ms, HttpRequest& request);

}  // namespace gantry::sdk
