// The APIs of Amazon ECR: JSON 1.1 over HTTPS, each operation a POST.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/ecr_host.h"
#include "plugins/aws/endpoints.h"
#include "plugins/sdk/call.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::aws {

// What to log in to a registry with, and until when.
struct EcrToken {
  sdk::Secret encoded;  // base64 of "AWS:<password>", as it came
  sdk::Secret password;
  int64_t expires_unix_ms = 0;
};

// The private API of a region, or the public one.  Immutable, so thread-safe.  Refusals are errors
// of AwsError.
class EcrApi {
 public:
  EcrApi(EcrHost registry, Endpoints endpoints)
      : registry_(std::move(registry)), endpoints_(std::move(endpoints)) {}

  const EcrHost& registry() const { return registry_; }
  EcrApi OfPublicRegistry() const;

  sdk::Status Invoke(const sdk::Call& call, const sdk::AwsKeys& keys, std::string_view operation,
                     std::string body, sdk::Json& answer) const;

  // Lives as long as AWS says, but no longer than the keys.
  sdk::Status GetAuthorizationToken(const sdk::Call& call, const sdk::AwsKeys& keys,
                                    EcrToken& token) const;

  // One page; `page_token` as the page before gave it, or empty.
  sdk::Status DescribeRepositories(const sdk::Call& call, const sdk::AwsKeys& keys,
                                   std::string_view page_token, sdk::Json& answer) const;
  // NOT_FOUND REPOSITORY_NOT_FOUND
  sdk::Status DescribeRepository(const sdk::Call& call, const sdk::AwsKeys& keys,
                                 std::string_view name) const;

  // "registryId" of the account, when it is known: `,"registryId":"…"`, or empty.
  std::string RegistryIdField() const;

 private:
  const EcrHost registry_;
  const Endpoints endpoints_;
};

}  // namespace gantry::aws
