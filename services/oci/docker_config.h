// The logins that "docker login" and "podman login" left on this machine.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "oci/auth_file.h"
#include "oci/credential.h"
#include "oci/credential_helper.h"
#include "oci/environment.h"

namespace gantry {

// Thread-safe.  Looks, in this order, in
//   the variable DOCKER_AUTH_CONFIG,
//   $DOCKER_CONFIG/config.json, or ~/.docker/config.json,
//   $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json,
// and takes the first login it finds; in each file a helper of the host's own (credHelpers) goes
// before the general one (credsStore), and that before what is written down (auths).  Files are
// read again when they change.
class DockerKeychain final : public CredentialProvider {
 public:
  explicit DockerKeychain(Environment environment)
      : environment_(environment), helpers_(std::move(environment)) {}

  // kAnonymous when there is no login for the host.
  //   FAILED_PRECONDITION CREDENTIAL_HELPER   a file is broken, and the error names it; or a helper
  //                                           failed, see CredentialHelpers
  absl::StatusOr<Credential> Get(const CallContext& call, const std::string& host,
                                 const std::string& repository, Actions actions,
                                 bool refresh) override;

 private:
  // A file as it was when it was last read.
  struct CachedFile {
    std::string version;  // inode, size and time of change
    absl::StatusOr<std::shared_ptr<const AuthFile>> content;
  };
  // Null when there is no such file.
  absl::StatusOr<std::shared_ptr<const AuthFile>> Load(const std::string& path);
  absl::StatusOr<Credential> Look(const CallContext& call, const AuthFile& file,
                                  const std::string& host, const std::string& repository,
                                  bool podman, bool refresh);

  const Environment environment_;
  CredentialHelpers helpers_;
  std::mutex mu_;
  std::map<std::string, CachedFile> files_;  // by path; guarded by mu_
};

}  // namespace gantry
