// The daemon's state behind one interface: registries, connectors, request ids, layer digests.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace gantry {

using Labels = std::map<std::string, std::string>;

struct RegistryRecord {
  std::string name;  // primary key
  std::string flavor;
  std::string uri;  // canonical
  std::string default_repository;
  std::string connector;  // name, or empty
  Labels labels;
  std::string config_json = "{}";
  bool plain_http = false;
  bool skip_tls_verify = false;
  std::string ca_certificate;
  std::string client_certificate;
  Secret client_key;  // of the certificate; sealed on disk
  WallTime create_time{}, update_time{};
  std::string request_id;  // of the call that made it what it is, or empty
  int64_t version = 0;     // 1, 2, …; set by the store
};

// How long before its end a fixed token counts as ended, unless its owner says otherwise.
inline constexpr std::chrono::seconds kSkewTolerance{300};

enum class Verification { kNone, kAccepted, kRejected, kUnreachable, kSkipped };

struct ConnectorRecord {
  std::string name;  // primary key
  std::string type;
  std::string auth_method;
  std::string config_json = "{}";         // without secrets
  std::map<std::string, Secret> secrets;  // sealed on disk
  Labels labels;
  std::string description;
  std::optional<WallTime> expires;  // of a fixed token
  std::chrono::seconds expires_skew_tolerance = kSkewTolerance;
  std::string resource_id;  // canonical URI of what it may be used for; empty: all that it fits
  Verification verification = Verification::kNone;
  std::string verification_message, verification_host;
  WallTime verification_time{};
  WallTime create_time{}, update_time{};
  std::string request_id;  // as of a registry
  int64_t version = 0;
};

// What BeginRequest found under a request id.
struct RequestState {
  enum class Kind {
    kNew,         // ours to do: FinishRequest or AbandonRequest must follow
    kDone,        // `response` is the first call's answer
    kInProgress,  // another call of this daemon is at it
    kReused,      // the id belongs to a different request
  };
  Kind kind = Kind::kNew;
  std::string response;
  // kNew, and when a killed daemon had begun it: perhaps done, and not noted.
  std::optional<WallTime> begun_before{};
};

// Thread-safe.  Blocks on disk; call on the executor.  A write that returned OK survives kill -9.
//   UNAVAILABLE STORE_UNAVAILABLE / STORE_FULL, DATA_LOSS STORE_CORRUPT, INTERNAL
class Store {
 public:
  virtual ~Store() = default;

  // ALREADY_EXISTS REGISTRY_EXISTS; NOT_FOUND CONNECTOR_NOT_FOUND.  Sets version and times.
  virtual absl::StatusOr<RegistryRecord> CreateRegistry(RegistryRecord record) = 0;
  // NOT_FOUND REGISTRY_NOT_FOUND.
  virtual absl::StatusOr<RegistryRecord> GetRegistry(const std::string& name) = 0;
  // Up to `limit` in the order of names, those after `after`.
  virtual absl::StatusOr<std::vector<RegistryRecord>> ListRegistries(const std::string& after,
                                                                     int limit) = 0;
  // Replaces the record when its stored version is `record.version`, or any when that is 0.
  //   NOT_FOUND, ABORTED ETAG_MISMATCH, NOT_FOUND CONNECTOR_NOT_FOUND
  virtual absl::StatusOr<RegistryRecord> UpdateRegistry(RegistryRecord record) = 0;
  virtual absl::Status DeleteRegistry(const std::string& name, int64_t version) = 0;

  // As for registries; ALREADY_EXISTS CONNECTOR_EXISTS, NOT_FOUND CONNECTOR_NOT_FOUND.
  virtual absl::StatusOr<ConnectorRecord> CreateConnector(ConnectorRecord record) = 0;
  virtual absl::StatusOr<ConnectorRecord> GetConnector(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<ConnectorRecord>> ListConnectors(const std::string& after,
                                                                      int limit) = 0;
  virtual absl::StatusOr<ConnectorRecord> UpdateConnector(ConnectorRecord record) = 0;
  // FAILED_PRECONDITION CONNECTOR_IN_USE while a registry names it.
  virtual absl::Status DeleteConnector(const std::string& name, int64_t version) = 0;

  // Idempotency.  `body` may hold secrets: what is kept of it is a MAC under the sealing key, which
  // tells nothing to those who have the state alone.  An entry that a killed daemon left unfinished
  // is taken over.  Kept for 24 hours.
  virtual absl::StatusOr<RequestState> BeginRequest(const std::string& request_id,
                                                    const std::string& method,
                                                    const std::string& body) = 0;
  virtual absl::Status FinishRequest(const std::string& request_id,
                                     const std::string& response) = 0;
  virtual absl::Status AbandonRequest(const std::string& request_id) = 0;

  // What a layer was compressed to; digests as text.  Lookups that fail are misses.  Those found or
  // remembered longest ago are forgotten first.
  struct LayerDigest {
    std::string digest;
    int64_t size = 0;
  };
  virtual std::optional<LayerDigest> FindLayer(const std::string& diff_id,
                                               const std::string& recipe) = 0;
  virtual void RememberLayer(const std::string& diff_id, const std::string& recipe,
                             const LayerDigest& layer) = 0;

  // OK while the state is there and reads work; for health checks.
  virtual absl::Status Check() = 0;
};

}  // namespace gantry
