// A registry's credentials as its flavor makes them.
#pragma once

#include <memory>

#include "gantryd/flavors/flavor.h"
#include "oci/credential.h"

namespace gantry {

// Thread-safe.  Keeps nothing itself: RegistryAuth keeps what it gets, for each repository and its
// actions, until three quarters of its life, and asks once however many requests wait.
class FlavorCredentials final : public CredentialProvider {
 public:
  // `flavor` is borrowed and outlives it.
  explicit FlavorCredentials(FlavorInstance& flavor) : flavor_(flavor) {}

  absl::StatusOr<Credential> Get(const CallContext& call, const std::string& host,
                                 const std::string& repository, Actions actions,
                                 bool refresh) override;

  // Whether this thread is inside Get: a request to the registry from there would wait for the very
  // login it is part of.
  static bool InProgress();

 private:
  FlavorInstance& flavor_;
};

}  // namespace gantry
