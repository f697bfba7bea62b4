// The Artifact Registry API: repositories, who may use them, and what is in them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/gcp/access_token.h"
#include "plugins/gcp/names.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/types.h"

namespace gantry::gcp {

// A repository that is there.
struct Repository {
  RepositoryName name;
  std::string format;  // "DOCKER", …
  std::string mode;    // "STANDARD_REPOSITORY", "REMOTE_REPOSITORY", "VIRTUAL_REPOSITORY"
  bool immutable_tags = false;
};

// How one that is missing is made.
struct RepositorySettings {
  bool immutable_tags = false;
  std::string kms_key;  // "projects/P/locations/L/keyRings/K/cryptoKeys/C"; empty: Google's own
  std::vector<std::pair<std::string, std::string>> labels;

  static RepositorySettings Of(const sdk::Json& registry_fields);
};

// Borrows from one operation.  Every method may fail as Google refuses: PERMISSION_DENIED
// UPSTREAM_DENIED, UNAVAILABLE UPSTREAM_THROTTLED and UPSTREAM_UNAVAILABLE, FAILED_PRECONDITION.
class ArtifactRegistry {
 public:
  ArtifactRegistry(const sdk::Call& call, std::string endpoint, const AccessToken& token)
      : call_(call), base_(std::move(endpoint) + "/v1/"), token_(token) {}

  // NOT_FOUND REPOSITORY_NOT_FOUND.
  sdk::Status Get(const RepositoryName& name, Repository& repository) const;
  // Returns when Google is done with it; that somebody else has made it is as good.
  //   UNAVAILABLE UPSTREAM_UNAVAILABLE   it takes longer than a minute and a half
  sdk::Status Create(const RepositoryName& name, const RepositorySettings& settings) const;
  // Those of `permissions` that the token has there.  NOT_FOUND REPOSITORY_NOT_FOUND.
  sdk::Status TestPermissions(const RepositoryName& name,
                              const std::vector<std::string>& permissions,
                              std::vector<std::string>& granted) const;
  // Of a project, all of them.
  sdk::Status ListLocations(const std::string& project, std::vector<std::string>& locations) const;
  // One page; those that hold container images.
  sdk::Status ListRepositories(const std::string& project, const std::string& location,
                               std::string& page_token, std::vector<Repository>& page) const;
  // One page of what is stored under the image's name, each with up to 100 of its tags and without
  // its URI.  NOT_FOUND REPOSITORY_NOT_FOUND.
  sdk::Status ListImages(const RepositoryName& name, uint32_t page_size, std::string& page_token,
                         std::vector<sdk::Image>& page) const;
  // Those that point to the manifest.  NOT_FOUND REPOSITORY_NOT_FOUND, also of the manifest alone.
  sdk::Status ListTags(const RepositoryName& name, const std::string& digest,
                       std::vector<std::string>& tags) const;

 private:
  // The answer as JSON, if it is 200.
  sdk::Status Ask(std::string_view method, const std::string& path, std::string body,
                  std::string_view what, sdk::Json& answer) const;
  sdk::Status WaitFor(sdk::Json operation, const RepositoryName& name) const;

  const sdk::Call& call_;
  const std::string base_;
  const AccessToken& token_;
};

}  // namespace gantry::gcp
