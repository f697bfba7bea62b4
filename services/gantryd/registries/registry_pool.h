// Registries ready to talk to: record, flavor instance, credentials and client, kept while
// unchanged.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "gantryd/flavors/flavor.h"
#include "gantryd/registries/connector_session.h"
#include "net/host_gate.h"
#include "oci/reference.h"
#include "oci/registry_client.h"
#include "store/store.h"

namespace gantry {

// One configured registry, opened.  Thread-safe; held by shared_ptr while a call uses it, so that
// an update takes effect for the next call and never under a running one.
class RegistrySession {
 public:
  virtual ~RegistrySession() = default;
  virtual const RegistryRecord& record() const = 0;
  virtual const RegistryUri& uri() const = 0;
  virtual FlavorInstance& flavor() = 0;
  // Logged in by the flavor with the registry's connector, or without one by the daemon's own
  // docker login state.
  virtual RegistryClient& client() = 0;
  // Whether the registry has asked for a login since the session was opened: until then nothing is
  // known about the credential.
  virtual bool login_was_wanted() const = 0;
  // Credential::source of the last login that was given.
  virtual std::string login_source() const = 0;
  // A credential for somebody else to pull with, as narrow and short-lived as the registry can make
  // it; kAnonymous where it asks for no login.  A copy while that has a quarter of its life or more.
  // `repository` is a full path, or empty for all.
  virtual absl::StatusOr<Credential> PullCredential(const CallContext& call,
                                                    const std::string& repository) = 0;
  // An error of the client or the flavor, with what it means at this cloud and what to do about it.
  virtual absl::Status Explain(absl::Status status) const = 0;
};

class OpenRegistry;

// Thread-safe.
class RegistryPool {
 public:
  // All borrowed.  `docker_login` serves registries without a connector; null: that of the
  // process's own environment (DockerKeychain).  `local`: null where the operator does not allow
  // implicit logins.
  RegistryPool(Store& store, const FlavorCatalog& flavors, HttpClient& http, HostGates& gates,
               std::shared_ptr<CredentialProvider> docker_login = nullptr,
               LocalIdentity* local = nullptr);
  ~RegistryPool();

  // Reads the record, and opens the registry again when it or its connector changed.
  //   NOT_FOUND REGISTRY_NOT_FOUND, FAILED_PRECONDITION FLAVOR_NOT_LOADED, CONNECTOR_EXPIRED
  absl::StatusOr<std::shared_ptr<RegistrySession>> Open(const CallContext& call,
                                                        const std::string& name);
  // For a record that is not stored (yet): verifying a connector, diagnosing.  `connector` may be
  // null.
  absl::StatusOr<std::shared_ptr<RegistrySession>> OpenUnsaved(const CallContext& call,
                                                               const RegistryRecord& record,
                                                               const ConnectorRecord* connector);
  // The connector alone, with a flavor that takes it and can `capability` ("verify", …).
  //   UNIMPLEMENTED FLAVOR_UNSUPPORTED   there is none
  absl::StatusOr<std::unique_ptr<ConnectorSession>> OpenConnector(const CallContext& call,
                                                                  const ConnectorRecord& connector,
                                                                  std::string_view capability);
  bool implicit_login_allowed() const { return local_ != nullptr; }
  // The configured registry that owns an image; the longest prefix wins, then one with a connector.
  // Null when there is none.
  absl::StatusOr<std::shared_ptr<RegistrySession>> FindOwner(const CallContext& call,
                                                             const Reference& reference);
  // A client for any other host, with the daemon's own docker login state.  Such a host may only be
  // reached at public addresses.
  //   PERMISSION_DENIED SOURCE_NOT_ALLOWED   the host is written as an address that is not public
  absl::StatusOr<std::shared_ptr<RegistryClient>> OpenForeign(const CallContext& call,
                                                              const std::string& host);

  // All stored registries, in the order of names.
  absl::StatusOr<std::vector<RegistryRecord>> Records(const CallContext& call);

 private:
  absl::StatusOr<std::shared_ptr<OpenRegistry>> Make(const CallContext& call,
                                                     const RegistryRecord& record,
                                                     const ConnectorRecord* connector);
  // A registry that the connector is for: what it may be used for, else the first of the flavor
  // that is linked to it.  Empty when none is known.
  absl::StatusOr<std::string> HomeOf(const CallContext& call, const ConnectorRecord& connector,
                                     const std::string& flavor);

  Store& store_;
  const FlavorCatalog& flavors_;
  HttpClient& http_;
  HostGates& gates_;
  const std::shared_ptr<CredentialProvider> docker_login_;
  LocalIdentity* const local_;
  std::mutex mu_;
  std::map<std::string, std::shared_ptr<OpenRegistry>> open_;  // by name; guarded by mu_
};

}  // namespace gantry
