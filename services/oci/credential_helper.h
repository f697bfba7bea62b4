// Docker's credential helpers: programs that know logins, "docker-credential-<suffix> get".
// Protocol: docker-credential-helpers, "Development".
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/call_context.h"
#include "oci/credential.h"
#include "oci/environment.h"
#include "oci/refreshing_cache.h"

namespace gantry {

// Thread-safe.  Asks each helper for each key once an hour at most, and again five seconds after a
// failure; callers that want the same wait for one run.
class CredentialHelpers {
 public:
  // The program is looked for in the environment's PATH, and gets the environment, but for what is
  // the daemon's own and may hold keys (GANTRY_*) or logins (DOCKER_AUTH_CONFIG).
  explicit CredentialHelpers(Environment environment,
                             milliseconds timeout = std::chrono::seconds(30))
      : environment_(std::move(environment)), timeout_(timeout) {}

  // `key` is what the helper knows the registry by.  kAnonymous when it has no login for that.
  // With `refresh` it is run again.
  //   FAILED_PRECONDITION CREDENTIAL_HELPER   not installed, failed, too slow, or talks nonsense
  //   CANCELLED, DEADLINE_EXCEEDED            of the call; the helper is killed
  absl::StatusOr<Credential> Get(const CallContext& call, const std::string& suffix,
                                 const std::string& key, bool refresh);

 private:
  absl::StatusOr<Credential> Run(const CallContext& call, const std::string& suffix,
                                 const std::string& key) const;

  const Environment environment_;
  const milliseconds timeout_;
  RefreshingCache<Credential> cache_{std::chrono::seconds(5)};
};

}  // namespace gantry
