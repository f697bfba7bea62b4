// A registry's credentials as its flavor makes them.
#pragma once

#include <memory>

#include "gantryd/flavors/flavor.h"
#include "oci/credential.h"
#include "store/store.h"

namespace gantry {

// FAILED_PRECONDITION CONNECTOR_EXPIRED when its time has passed, or is nearer than its tolerance.
absl::Status CheckNotExpired(const ConnectorRecord& connector, WallTime now);

// Thread-safe.  Keeps nothing itself: RegistryAuth keeps what it gets, for each repository and its
// actions, until three quarters of its life, and asks once however many requests wait.
class FlavorCredentials final : public CredentialProvider {
 public:
  // Both are borrowed and outlive it.
  FlavorCredentials(FlavorInstance& flavor, const ConnectorRecord& connector)
      : flavor_(flavor), connector_(connector) {}

  // What stays here ends with the connector, if not before.
  //   FAILED_PRECONDITION CONNECTOR_EXPIRED   and the errors of the flavor
  absl::StatusOr<Credential> Get(const CallContext& call, const std::string& host,
                                 const std::string& repository, Actions actions,
                                 bool refresh) override;

  // Whether this thread is inside Get: a request to the registry from there would wait for the very
  // login it is part of.
  static bool InProgress();

 private:
  FlavorInstance& flavor_;
  const ConnectorRecord& connector_;
};

}  // namespace gantry
