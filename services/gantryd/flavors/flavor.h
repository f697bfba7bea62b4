// A flavor as the rest of the daemon sees it: plain C++, whatever ABI version is behind it.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "gantryd/flavors/local_identity.h"
#include "net/http_client.h"
#include "oci/credential.h"
#include "oci/error_hint.h"
#include "oci/registry_client.h"
#include "oci/url.h"
#include "push/push_engine.h"

namespace gantry {

// A way to log in, as flavors declare it.
struct AuthMethodInfo {
  std::string name, display_name;
  std::string config_schema_json;
  bool implicit = false;  // uses the daemon's own identity; only where the operator allows that
};

struct ConnectorTypeInfo {
  std::string type, display_name, description;
  std::vector<AuthMethodInfo> auth_methods;
};

struct FlavorInfo {
  std::string name, version;
  std::string display_name, best_for, features, cost, uri_form, uri_example;
  std::string config_schema_json = "{}";
  std::vector<std::string> hosts;  // regular expressions (RE2) for the hosts that are its alone
  std::vector<ErrorHint> error_hints;
  std::vector<ConnectorTypeInfo> connector_types;
  // "push", "list", "delete", "diagnose", "verify", "list-resources"
  std::vector<std::string> capabilities;
  std::string file, sha256;
  std::string load_error;  // not empty: refused, and only name, file and this are set
};

// Where an image goes, or lives.  Host and repository are canonical (oci/reference.h).
struct Target {
  std::string registry_host, repository, tag, digest;
};

// What validate_config and diagnose report.
struct Finding {
  enum class Level { kDebug = 1, kInfo = 2, kWarning = 3, kError = 4 };
  Level level = Level::kInfo;
  std::string check, field, message, remedy;
};

// A flavor's plan, rewritten for its cloud.
struct FlavorPlan {
  Target target;
  std::vector<std::string> mount_from;
  int max_parallel_blobs = 0;  // 0: the host's default
  int64_t chunk_bytes = 0;
  UploadMethod upload = UploadMethod::kStream;
  bool lax_commit = false;
  bool new_repository = false;
  bool no_range = false;
  int64_t min_part_bytes = 0;
};

// A registry that a connector reaches.
struct Resource {
  std::string uri, description;
};

// A pushed or listed image, as a flavor reports it.
struct FlavorImage {
  std::string uri, digest, media_type;
  std::vector<std::string> tags;
  int64_t size_bytes = 0;
  std::optional<WallTime> pushed;
};

// What an instance may ask of the host.  Owned by whoever opened the instance and outlives it.
// Thread-safe.
class InstanceHost {
 public:
  virtual ~InstanceHost() = default;
  virtual HttpClient& http() = 0;
  // How a URL is reached that the flavor asks by itself: certificates and the like of the
  // instance's registry are for that registry's own scheme, host and port.
  virtual Transport TransportTo(const Url& url) = 0;
  // A secret of the instance's connector.  NOT_FOUND when it is not set.
  virtual absl::StatusOr<Secret> GetSecret(const std::string& name) = 0;
  // What of the daemon's own machine may be used for logging in; null: nothing.
  virtual LocalIdentity* local_identity() = 0;
  // A logged-in request to the instance's own registry host.
  virtual absl::StatusOr<HttpResponse> Registry(const CallContext& call, const Target& target,
                                                Actions actions, const RegistryRequest& request) = 0;
};

// What host->push does for one call: moves that call's image.
class PushJob {
 public:
  virtual ~PushJob() = default;
  virtual absl::StatusOr<PushedImage> Run(const CallContext& call, const FlavorPlan& plan) = 0;
  // "<host>/<repository>:<tag>" of the pushed image, for its record.
  virtual std::string Uri(const FlavorPlan& plan) const = 0;
};

// A flavor opened for one registry with one set of credentials.  Thread-safe; the destructor must not
// run while a call is inside.  Every error carries a reason; those of a defective flavor are
// INTERNAL FLAVOR_EXCEPTION or FLAVOR_MISBEHAVED and name the flavor.
class FlavorInstance {
 public:
  virtual ~FlavorInstance() = default;
  virtual absl::StatusOr<Credential> Authenticate(const CallContext& call, const Target& target,
                                                  Actions actions) = 0;
  virtual absl::StatusOr<FlavorPlan> PreparePush(const CallContext& call, const Target& target) = 0;
  // Every push goes through here; the flavor calls the host's engine, which runs `job`.
  virtual absl::StatusOr<FlavorImage> Push(const CallContext& call, const FlavorPlan& plan,
                                           PushJob& job) = 0;
  struct Page {
    std::vector<FlavorImage> images;
    std::string next_page_token;
  };
  virtual absl::StatusOr<Page> List(const CallContext& call, const Target& target,
                                    const std::string& page_token, int page_size) = 0;
  virtual absl::Status Remove(const CallContext& call, const Target& target) = 0;
  // `target` has the registry's host, and a repository where that is what matters.
  virtual absl::StatusOr<std::vector<Finding>> Diagnose(const CallContext& call,
                                                        const Target& target) = 0;
  // Tries the connector's credential for real; the findings say who it is.
  //   UNIMPLEMENTED FLAVOR_UNSUPPORTED   it can only be tried at a registry
  virtual absl::StatusOr<std::vector<Finding>> Verify(const CallContext& call) = 0;
  struct ResourcePage {
    std::vector<Resource> resources;
    std::string next_page_token;
    std::vector<std::string> warnings;  // what the list lacks, and why
  };
  // The registries that the connector reaches.
  //   UNIMPLEMENTED FLAVOR_UNSUPPORTED
  virtual absl::StatusOr<ResourcePage> ListResources(const CallContext& call,
                                                     const std::string& page_token) = 0;
};

// One loaded flavor.  Thread-safe; lives as long as the process.
class Flavor {
 public:
  virtual ~Flavor() = default;
  virtual const FlavorInfo& info() const = 0;
  // `config_json`: {"uri", "default_repository", "config": {…}, "connector": {"type", "auth_method",
  // "config": {…}, "expires_unix_ms" or null} or null}, never a secret.
  virtual absl::StatusOr<std::vector<Finding>> ValidateConfig(const CallContext& call,
                                                              const std::string& config_json) = 0;
  // Does no I/O.
  virtual absl::StatusOr<std::unique_ptr<FlavorInstance>> Open(const CallContext& call,
                                                               const std::string& config_json,
                                                               InstanceHost& host) = 0;
};

// All flavors of the manifest, loaded or refused.  Immutable after start; thread-safe.
class FlavorCatalog {
 public:
  virtual ~FlavorCatalog() = default;
  // In the order of names.
  virtual std::vector<FlavorInfo> List() const = 0;
  // NOT_FOUND FLAVOR_NOT_FOUND, FAILED_PRECONDITION FLAVOR_NOT_LOADED with the load error.
  virtual absl::StatusOr<Flavor*> Find(const std::string& name) const = 0;
};

}  // namespace gantry
