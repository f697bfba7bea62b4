// Service connectors: stored credentials, checked against the schemas that flavors declare.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/secret.h"
#include "gantryd/flavors/flavor.h"
#include "gantryd/registries/paging.h"
#include "gantryd/registries/registry_pool.h"
#include "store/store.h"

namespace gantry {

// A connector as a caller gives it: `config` still holds the secrets.
struct ConnectorInput {
  std::string name, type, auth_method, description;
  Labels labels;
  Secret config_json;
  std::optional<WallTime> expires;
  std::optional<std::chrono::seconds> expires_skew_tolerance;  // absent: the record's own default
  std::string resource_id;
  std::string request_id;
  int64_t version = 0;  // of an update; 0: any
};

struct ConnectorTypeView {
  ConnectorTypeInfo info;
  std::vector<std::string> flavors;
};

struct VerificationResult {
  Verification state = Verification::kNone;
  std::string message, registry_host;
  WallTime time{};
};

// Thread-safe.  Blocks; call on the executor.
class ConnectorManager {
 public:
  // All borrowed.
  ConnectorManager(Store& store, const FlavorCatalog& flavors, RegistryPool& pool,
                   const Clock& clock)
      : store_(store), flavors_(flavors), pool_(pool), clock_(clock) {}

  // All types of all loaded flavors; the auth methods of one type are joined by name.
  std::vector<ConnectorTypeView> Types() const;

  // Checks the config against its schema and by the flavor's own rules, then tries the credential,
  // unless `skip_verification`: refused means not stored.  `warnings`, where wanted: what a flavor
  // finds odd in what can be stored.
  absl::StatusOr<ConnectorRecord> Create(const CallContext& call, ConnectorInput input,
                                         bool skip_verification,
                                         std::vector<std::string>* warnings = nullptr);
  absl::StatusOr<ConnectorRecord> Get(const CallContext& call, const std::string& name);
  using Page = PageOf<ConnectorRecord>;
  absl::StatusOr<Page> List(const CallContext& call, int page_size, const std::string& page_token);
  // As Create, and what changes must still suit the registries that are linked to it.  A secret
  // that is left out keeps its value.
  absl::StatusOr<ConnectorRecord> Update(const CallContext& call, ConnectorInput input,
                                         bool skip_verification,
                                         std::vector<std::string>* warnings = nullptr);
  absl::Status Delete(const CallContext& call, const std::string& name, int64_t version);

  // Tries it against its own registry, if its config names one, and every registry linked to it;
  // stores how that ended.
  absl::StatusOr<std::vector<VerificationResult>> Verify(const CallContext& call,
                                                         const std::string& name);

  // The registries that the credential reaches.  UNIMPLEMENTED FLAVOR_UNSUPPORTED when this kind of
  // connector cannot tell.
  absl::StatusOr<FlavorInstance::ResourcePage> ListResources(const CallContext& call,
                                                             const std::string& name,
                                                             const std::string& page_token);
  bool implicit_login_allowed() const { return pool_.implicit_login_allowed(); }

 private:
  absl::StatusOr<ConnectorRecord> UpdateOnce(const CallContext& call, const ConnectorInput& input,
                                             bool skip_verification,
                                             std::vector<std::string>& warnings);
  // Asks the flavors: of the connector alone, and of each registry that is linked to it.
  //   INVALID_ARGUMENT INVALID_CONFIG, FAILED_PRECONDITION CONNECTOR_MISMATCH
  absl::Status AskFlavors(const CallContext& call, const ConnectorRecord& record,
                          std::vector<std::string>& warnings);
  // Notes in `record` how the credential fared; FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED when it
  // was refused.
  absl::Status TryFirst(const CallContext& call, bool skip, ConnectorRecord& record);

  Store& store_;
  const FlavorCatalog& flavors_;
  RegistryPool& pool_;
  const Clock& clock_;
};

}  // namespace gantry
