// A connector opened by itself, before any registry names it: to try it, and to see what it reaches.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "gantryd/flavors/flavor.h"
#include "store/store.h"

namespace gantry {

// Thread-safe.  Owns the flavor's instance and a copy of the connector; is the host that the
// instance sees.
class ConnectorSession final : private InstanceHost {
 public:
  // `flavor`, `http` and `local` are borrowed; `local` is null where implicit logins are not
  // allowed.  `meant_for`: as InstanceConfig has it.
  //   FAILED_PRECONDITION CONNECTOR_EXPIRED, and the errors of Flavor::Open
  static absl::StatusOr<std::unique_ptr<ConnectorSession>> Open(
      const CallContext& call, Flavor& flavor, const ConnectorRecord& connector,
      const std::string& meant_for, HttpClient& http, LocalIdentity* local);
  ~ConnectorSession() override;

  FlavorInstance& flavor() { return *instance_; }
  // As RegistrySession::Explain.
  absl::Status Explain(absl::Status status) const;

 private:
  ConnectorSession(const FlavorInfo& info, const ConnectorRecord& connector, HttpClient& http,
                   LocalIdentity* local)
      : info_(info), connector_(connector), http_(http), local_(local) {}

  HttpClient& http() override { return http_; }
  Transport TransportTo(const Url&) override { return {}; }
  absl::StatusOr<Secret> GetSecret(const std::string& name) override;
  LocalIdentity* local_identity() override { return local_; }
  absl::StatusOr<HttpResponse> Registry(const CallContext& call, const Target& target,
                                        Actions actions, const RegistryRequest& request) override;

  const FlavorInfo& info_;
  const ConnectorRecord connector_;
  HttpClient& http_;
  LocalIdentity* const local_;
  std::unique_ptr<FlavorInstance> instance_;
};

// A secret of the connector, for its flavor.  NOT_FOUND CONNECTOR_NOT_FOUND when it is not set.
absl::StatusOr<Secret> SecretOf(const ConnectorRecord& connector, const std::string& name);

}  // namespace gantry
