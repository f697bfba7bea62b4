// The daemon: its parts in the order they start, which is the reverse of how they stop.
#pragma once

#include <absl/status/statusor.h>

#include <memory>

#include "base/clock.h"
#include "base/executor.h"
#include "gantryd/config.h"
#include "gantryd/connectors/connector_manager.h"
#include "gantryd/credentials/credential_mint.h"
#include "gantryd/dev/dev_registry.h"
#include "gantryd/flavors/catalog.h"
#include "gantryd/images/image_manager.h"
#include "gantryd/readiness.h"
#include "gantryd/registries/registry_manager.h"
#include "gantryd/request_log.h"
#include "gantryd/rpc/server.h"
#include "gantryd/store_layer_cache.h"
#include "net/curl_http_client.h"
#include "net/host_gate.h"
#include "push/push_engine.h"
#include "store/store.h"

namespace gantry {

// Made and used by main() alone.
class Daemon {
 public:
  // Opens the state, loads the flavors, starts what serves.  Nothing is served before everything is
  // checked; the error says which step failed.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config);

  const std::string& address() const { return server_->address(); }

  // Graceful end: health says no, new calls are refused, running ones end or are cancelled.
  void Drain();

 private:
  explicit Daemon(const Config& config);

  absl::Status OpenState();
  absl::Status LoadFlavors();
  absl::Status StartDevRegistry();
  absl::Status Serve();

  const Config config_;
  SystemClock clock_;
  CurlHttpClient http_;
  std::unique_ptr<LocalIdentity> identity_;
  HostGates gates_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LoadedFlavors> flavors_;
  std::unique_ptr<DevRegistry> dev_registry_;
  std::unique_ptr<RegistryPool> pool_;
  std::unique_ptr<StoreLayerCache> layers_;
  std::unique_ptr<PushEngine> engine_;
  std::unique_ptr<RegistryManager> registries_;
  std::unique_ptr<ConnectorManager> connectors_;
  std::unique_ptr<ImageManager> images_;
  std::unique_ptr<CredentialMint> mint_;
  std::unique_ptr<RequestLog> requests_;
  std::unique_ptr<Executor> local_;
  std::unique_ptr<Executor> remote_;
  std::unique_ptr<Executor> pushes_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<Readiness> readiness_;
};

}  // namespace gantry
