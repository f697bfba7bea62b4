// What of the daemon's own machine a flavor may log in with: environment variables and files.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/secret.h"
#include "oci/environment.h"

namespace gantry {

// Immutable, so thread-safe.  There is one only where the operator allows implicit logins: they lend
// the daemon's identity to whoever may use a registry, and let a connector name files to read.
class LocalIdentity {
 public:
  static constexpr size_t kMaxFileBytes = 1 << 20;

  explicit LocalIdentity(Environment environment) : environment_(std::move(environment)) {}

  // NOT_FOUND LOCAL_NOT_FOUND when it is not set, or empty.
  absl::StatusOr<Secret> ReadEnvironment(const std::string& name) const;
  // Read anew each time: tokens in files are rotated.  Regular files only, of 1 MiB at most.
  //   NOT_FOUND LOCAL_NOT_FOUND, FAILED_PRECONDITION CONNECTOR_UNUSABLE
  absl::StatusOr<Secret> ReadFile(const std::string& path) const;

 private:
  const Environment environment_;
};

// PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED, with what the operator can do.
absl::Status ImplicitLoginNotAllowed();

}  // namespace gantry
