// Connectors of type "aws": from what they hold to keys that work.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "plugins/aws/ecr_host.h"
#include "plugins/aws/sts.h"
#include "plugins/sdk/config.h"
#include "plugins/sdk/expiring_cache.h"

namespace gantry::aws {

using UseOfKeys = std::function<sdk::Status(const sdk::AwsKeys&)>;

// The login of one connector.  Thread-safe.  Keeps temporary keys until shortly before they expire.
// Whatever STS refuses is an error of AwsError, and besides
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE        a field is missing, or the machine's identity
//   PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED  it is the machine's identity that was wanted
class AwsLogin {
 public:
  explicit AwsLogin(sdk::Config config) : config_(std::move(config)) {}

  // Does `use` with keys that have all rights of the connector, from STS of the registry's region;
  // once more, with other keys, where AWS no longer takes temporary ones that were kept.
  sdk::Status WithKeys(const sdk::Call& call, const EcrHost& registry, const UseOfKeys& use);

  // The same with keys that pull from this repository alone, for an hour: then `narrowed` is set.
  // Where the method cannot narrow them, they have all rights.
  sdk::Status WithPullKeys(const sdk::Call& call, const EcrHost& registry,
                           std::string_view repository, const UseOfKeys& use, bool& narrowed);

  Sts StsOf(const EcrHost& registry) const;

 private:
  using Cache = sdk::ExpiringCache<sdk::AwsKeys>;

  // `pull_policy` empty: all rights.  `narrowed` says whether it applies to `keys`.
  sdk::Status Fetch(const sdk::Call& call, const EcrHost& registry, const std::string& pull_policy,
                    sdk::AwsKeys& keys, bool& narrowed) const;
  sdk::Status FromMachine(const sdk::Call& call, const Sts& sts, const std::string& pull_policy,
                          sdk::AwsKeys& keys, bool& narrowed) const;
  sdk::Status FromLongLived(const sdk::Call& call, const Sts& sts, sdk::AwsKeys long_lived,
                            const std::string& pull_policy, sdk::AwsKeys& keys,
                            bool& narrowed) const;
  sdk::Status ReadConnectorKeys(const sdk::Call& call, sdk::AwsKeys& keys) const;
  // As the connector asks for it; no longer than an hour with a pull policy.
  SessionRequest Session(const std::string& pull_policy) const;
  std::string Field(std::string_view name) const;

  const sdk::Config config_;
  Cache kept_;
};

}  // namespace gantry::aws
