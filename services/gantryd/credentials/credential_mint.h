// Makes pull credentials: short-lived, scoped, from what a registry's connector can derive.
#pragma once

#include <absl/status/statusor.h>

#include <set>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "gantryd/credentials/pull_credential.h"
#include "gantryd/registries/registry_pool.h"

namespace gantry {

// Whose images: a full reference below some configured registry, or a registry with perhaps a path
// below its URI.
struct PullScope {
  std::string reference;
  std::string registry, repository;
};

// Thread-safe.  Blocks; call on the executor.
class CredentialMint {
 public:
  // `pool` is borrowed.  `long_lived_flavors`: whose connectors' own secrets the operator allows to
  // be handed out where a registry has nothing that ends by itself.
  CredentialMint(RegistryPool& pool, const std::vector<std::string>& long_lived_flavors)
      : pool_(pool), long_lived_flavors_(long_lived_flavors.begin(), long_lived_flavors.end()) {}

  // A copy from the cache while it has a quarter of its life or more.
  //   NOT_FOUND REGISTRY_NOT_FOUND
  //   FAILED_PRECONDITION LONG_LIVED_CREDENTIAL   there is only the connector's own secret
  //   and the errors of logging in
  absl::StatusOr<PullCredential> Mint(const CallContext& call, const PullScope& scope);

 private:
  RegistryPool& pool_;
  const std::set<std::string> long_lived_flavors_;
};

}  // namespace gantry
