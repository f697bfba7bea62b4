// What of the daemon's own machine a flavor may log in with: environment variables and files, but
// none of the daemon's own secrets.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/secret.h"
#include "oci/environment.h"

namespace gantry {

// Immutable, so thread-safe.  There is one only where the operator allows implicit logins: they
// lend the daemon's identity to whoever may use a registry, and let a connector name files to read.
class LocalIdentity {
 public:
  static constexpr size_t kMaxFileBytes = 1 << 20;

  // `state_dir` is the daemon's; it need not be there yet.  Empty: there is none.
  explicit LocalIdentity(Environment environment, std::string state_dir = "")
      : environment_(std::move(environment)), state_dir_(std::move(state_dir)) {}

  // NOT_FOUND LOCAL_NOT_FOUND when it is not set, or empty.
  absl::StatusOr<Secret> ReadEnvironment(const std::string& name) const;
  // Read anew each time: tokens in files are rotated.  Regular files only, of 1 MiB at most; none
  // of the state directory, whatever name leads there, and none that the kernel makes up, as below
  // /proc and /sys: those show the daemon's memory and environment.
  //   NOT_FOUND LOCAL_NOT_FOUND, FAILED_PRECONDITION CONNECTOR_UNUSABLE
  absl::StatusOr<Secret> ReadFile(const std::string& path) const;

 private:
  const Environment environment_;
  const std::string state_dir_;
};

// PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED, with what the operator can do.
absl::Status ImplicitLoginNotAllowed();

}  // namespace gantry
