// The gRPC server: services, health, reflection, limits, shutdown.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "base/executor.h"
#include "gantryd/connectors/connector_manager.h"
#include "gantryd/credentials/credential_mint.h"
#include "gantryd/images/image_manager.h"
#include "gantryd/registries/registry_manager.h"
#include "gantryd/request_log.h"

namespace gantry {

// What the services work with; all borrowed, and outliving the server.
struct ServerParts {
  const Clock& clock;
  const FlavorCatalog& flavors;
  RegistryManager& registries;
  ConnectorManager& connectors;
  ImageManager& images;
  CredentialMint& mint;
  RequestLog& requests;
  Executor& local;
  Executor& remote;
  Executor& pushes;
};

// Thread-safe.
class RpcServer {
 public:
  // Listens on `address`; another server on the same port is an error, not a companion.
  //   INVALID_ARGUMENT   the address is taken, or not this machine's
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const std::string& address,
                                                          const ServerParts& parts);
  virtual ~RpcServer() = default;

  // Where it listens, with the port that was chosen for ":0".
  virtual const std::string& address() const = 0;
  // Health answers NOT_SERVING and new calls UNAVAILABLE from now on.
  virtual void StartDraining() = 0;
  virtual void SetServing(bool serving) = 0;
  // What health says of the services, for who sends calls; of the daemon itself it says SERVING.
  virtual void SetReady(bool ready) = 0;
  // Waits for running calls, cancels those left after `timeout`, and returns when all have ended.
  virtual void Shutdown(milliseconds timeout) = 0;
};

}  // namespace gantry
