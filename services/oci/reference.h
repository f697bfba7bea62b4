// Names of registries and images.  Grammar: distribution/reference and the OCI distribution-spec.
#pragma once

#include <absl/status/statusor.h>

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.h"

namespace gantry {

// "host[:port]" in canonical form: lower case, without ":443" where it is a host without it too;
// every alias of Docker Hub is "docker.io".  INVALID_ARGUMENT INVALID_REFERENCE.
absl::StatusOr<std::string> CanonicalHost(std::string_view host);

// Where to connect for that host: "registry-1.docker.io" for Docker Hub, itself otherwise.
std::string ApiHost(std::string_view canonical_host);

// Checks against the grammar; the error names the part and shows a right one.
absl::Status ValidateRepository(std::string_view repository);
absl::Status ValidateTag(std::string_view tag);

// A registry URI as it is configured: a host and the path prefix below which images go.  A value.
class RegistryUri {
 public:
  // Takes "[http[s]://]host[:port][/path…]" with trailing slashes; INVALID_REFERENCE otherwise.
  static absl::StatusOr<RegistryUri> Parse(std::string_view text);

  const std::string& host() const { return host_; }      // canonical
  const std::string& prefix() const { return prefix_; }  // "" or "a/b"
  // The scheme that was written, if any: true for "http://".
  std::optional<bool> plain_http() const { return plain_http_; }
  std::string text() const;  // "host" or "host/a/b"

  // The full path of a repository given relative to the prefix.  Docker Hub's implicit "library/" is
  // put in front when there is neither a prefix nor a slash.
  std::string Repository(std::string_view relative) const;
  // Whether an image belongs here: same host, and the prefix ends at a path boundary, so that
  // "gcr.io/foo" does not own "gcr.io/foobar".
  bool Owns(std::string_view host, std::string_view repository) const;

 private:
  RegistryUri() = default;
  std::string host_, prefix_;
  std::optional<bool> plain_http_;
};

// "[host/]repository[:tag][@digest]".  A value; host and repository are canonical, as Docker reads
// them: "ubuntu" is docker.io/library/ubuntu, and with a digest the tag says nothing.
class Reference {
 public:
  static absl::StatusOr<Reference> Parse(std::string_view text);
  static Reference Make(std::string host, std::string repository, std::string tag,
                        std::optional<Digest> digest);

  const std::string& host() const { return host_; }
  const std::string& repository() const { return repository_; }
  const std::string& tag() const { return tag_; }  // "" when none was given
  const std::optional<Digest>& digest() const { return digest_; }
  // What goes into /v2/<repository>/manifests/<…>: the digest, else the tag, else "latest".
  std::string manifest_key() const;
  std::string text() const;

 private:
  Reference() = default;
  std::string host_, repository_, tag_;
  std::optional<Digest> digest_;
};

}  // namespace gantry
