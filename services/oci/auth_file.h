// A file of registry logins: Docker's config.json, Podman's auth.json.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "oci/credential.h"

namespace gantry {

// Immutable after Parse.
class AuthFile {
 public:
  // `name` is the file's, for errors.  `strict`: nothing but "auths" with "auth" may be there, as
  // Docker wants it of the variable DOCKER_AUTH_CONFIG.
  //   FAILED_PRECONDITION CREDENTIAL_HELPER
  static absl::StatusOr<AuthFile> Parse(std::string_view text, std::string_view name,
                                        bool strict = false);

  // What Docker files a host's login under: "https://index.docker.io/v1/" for Docker Hub, else the
  // host itself.  `host` is canonical.
  static std::string DockerKey(const std::string& host);

  // The suffix of the helper that knows the host, or empty.
  std::string HelperFor(const std::string& host) const;

  // The login that is written down for the host; kAnonymous when there is none.  With
  // `path_prefixes`, as in Podman's files, the longest key of which the image's name is below
  // counts: "host/team/app", "host/team", "host".  Credential::source names file and key.
  absl::StatusOr<Credential> Find(const std::string& host, const std::string& repository,
                                  bool path_prefixes) const;

 private:
  // One entry of "auths".
  struct Login {
    Secret auth, password, identity_token, registry_token;
    std::string username;
  };
  using Logins = std::map<std::string, Login, std::less<>>;
  Logins::const_iterator FindLogin(const std::string& host, const std::string& repository,
                                   bool path_prefixes) const;
  absl::StatusOr<Credential> Read(const std::string& host, const Login& login) const;

  std::string name_;
  Logins auths_;
  std::map<std::string, std::string, std::less<>> helpers_;
  std::string store_;
};

}  // namespace gantry
