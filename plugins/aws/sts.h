// AWS Security Token Service: who keys belong to, and temporary keys.
// https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/aws/endpoints.h"
#include "plugins/sdk/call.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::aws {

// What a temporary session is to be.  Empty fields are not asked for.
struct SessionRequest {
  std::string role_arn, external_id;
  std::string name = "gantry";           // of the session, as CloudTrail shows it
  std::string policy;                    // JSON; the session may do at most this
  std::vector<std::string> policy_arns;  // managed ones, to the same end
  int64_t duration_seconds = 3600;
};

struct Caller {
  std::string account, arn;
};

// STS of one region.  Immutable, so thread-safe.  Refusals are errors of AwsError; session policies
// that are too long are refused before anything is asked, as CheckPolicyLength does.
class Sts {
 public:
  // `host` is AWS's own, asked where `endpoints` have no other.
  Sts(Endpoints endpoints, std::string host, std::string region)
      : endpoints_(std::move(endpoints)), host_(std::move(host)), region_(std::move(region)) {}

  sdk::Status GetCallerIdentity(const sdk::Call& call, const sdk::AwsKeys& keys,
                                Caller& caller) const;
  sdk::Status AssumeRole(const sdk::Call& call, const sdk::AwsKeys& keys,
                         const SessionRequest& session, sdk::AwsKeys& out) const;
  // Needs no keys: the token is the proof.
  sdk::Status AssumeRoleWithWebIdentity(const sdk::Call& call, const sdk::Secret& token,
                                        const SessionRequest& session, sdk::AwsKeys& out) const;
  // These two take long-lived keys only.
  sdk::Status GetSessionToken(const sdk::Call& call, const sdk::AwsKeys& keys,
                              int64_t duration_seconds, sdk::AwsKeys& out) const;
  sdk::Status GetFederationToken(const sdk::Call& call, const sdk::AwsKeys& keys,
                                 const SessionRequest& session, sdk::AwsKeys& out) const;

 private:
  // `keys` may be null: the request is not signed.
  sdk::Status Ask(const sdk::Call& call, const sdk::AwsKeys* keys, const char* action,
                  sdk::FormFields fields, std::string& answer) const;
  sdk::Status AskForKeys(const sdk::Call& call, const sdk::AwsKeys* keys, const char* action,
                         sdk::FormFields fields, sdk::AwsKeys& out) const;

  const Endpoints endpoints_;
  const std::string host_, region_;
};

}  // namespace gantry::aws
