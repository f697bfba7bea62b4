// A registry opened: what stands behind RegistrySession.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "gantryd/registries/registry_pool.h"
#include "oci/refreshing_cache.h"

namespace gantry {

// Thread-safe.  Owns the flavor's instance, the client, and the connector's secrets; is the host
// that the instance sees.
class OpenRegistry final : public RegistrySession, private InstanceHost {
 public:
  struct Parts {
    RegistryRecord record;
    std::optional<ConnectorRecord> connector;
    HttpClient* http = nullptr;  // borrowed
    LocalIdentity* local = nullptr;  // borrowed; null: implicit logins are not allowed
    std::shared_ptr<HostGate> gate;
    // For a registry without a connector.
    std::shared_ptr<CredentialProvider> docker_login;
  };
  // Does no I/O.  The errors of Flavor::Open; INVALID_REFERENCE.
  static absl::StatusOr<std::shared_ptr<OpenRegistry>> Open(const CallContext& call, Flavor& flavor,
                                                            Parts parts);
  ~OpenRegistry() override;

  const RegistryRecord& record() const override { return parts_.record; }
  const RegistryUri& uri() const override { return uri_; }
  FlavorInstance& flavor() override { return *instance_; }
  RegistryClient& client() override { return *client_; }
  bool login_was_wanted() const override;
  std::string login_source() const override;
  absl::StatusOr<Credential> PullCredential(const CallContext& call,
                                            const std::string& repository) override;
  absl::Status Explain(absl::Status status) const override;

  // Whether it was made from these very records.
  bool IsOf(const RegistryRecord& record, const ConnectorRecord* connector) const;

 private:
  class WatchedCredentials;

  OpenRegistry(Parts parts, RegistryUri uri, const FlavorInfo& flavor);

  HttpClient& http() override { return *parts_.http; }
  Transport TransportTo(const Url& url) override;
  LocalIdentity* local_identity() override { return parts_.local; }
  absl::StatusOr<Secret> GetSecret(const std::string& name) override;
  absl::StatusOr<HttpResponse> Registry(const CallContext& call, const Target& target,
                                        Actions actions, const RegistryRequest& request) override;

  const Parts parts_;
  const RegistryUri uri_;
  const FlavorInfo& flavor_info_;
  std::unique_ptr<FlavorInstance> instance_;
  std::shared_ptr<CredentialProvider> source_;  // the flavor, or docker's own login
  std::shared_ptr<WatchedCredentials> credentials_;
  std::unique_ptr<RegistryClient> client_;
  RefreshingCache<Credential> pull_credentials_;  // by repository
};

}  // namespace gantry
