// The store of one daemon: SQLite in its state directory.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "store/db.h"
#include "store/sealing.h"
#include "store/store.h"

namespace gantry {

// Thread-safe.  One at a time has the directory: a second one is refused while the first lives.
class SqliteStore final : public Store {
 public:
  struct Options {
    std::string directory;         // made, its owner's alone, when it is not there
    const Clock* clock = nullptr;  // borrowed
    std::string key_file;          // empty: sealing.key in the directory
  };
  //   UNAVAILABLE STORE_UNAVAILABLE     another daemon has the directory, its pid is named; or
  //                                     everybody may write there
  //   FAILED_PRECONDITION SEALING_KEY   the key does not open what is stored
  //   and those of Db::OpenSqlite and Migrate
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Options& options);

  absl::StatusOr<RegistryRecord> CreateRegistry(RegistryRecord record) override;
  absl::StatusOr<RegistryRecord> GetRegistry(const std::string& name) override;
  absl::StatusOr<std::vector<RegistryRecord>> ListRegistries(const std::string& after,
                                                             int limit) override;
  absl::StatusOr<RegistryRecord> UpdateRegistry(RegistryRecord record) override;
  absl::Status DeleteRegistry(const std::string& name, int64_t version) override;

  absl::StatusOr<ConnectorRecord> CreateConnector(ConnectorRecord record) override;
  absl::StatusOr<ConnectorRecord> GetConnector(const std::string& name) override;
  absl::StatusOr<std::vector<ConnectorRecord>> ListConnectors(const std::string& after,
                                                              int limit) override;
  absl::StatusOr<ConnectorRecord> UpdateConnector(ConnectorRecord record) override;
  absl::Status DeleteConnector(const std::string& name, int64_t version) override;

  absl::StatusOr<RequestState> BeginRequest(const std::string& request_id,
                                            const std::string& method,
                                            const std::string& body) override;
  absl::Status FinishRequest(const std::string& request_id, const std::string& response) override;
  absl::Status AbandonRequest(const std::string& request_id) override;

  std::optional<LayerDigest> FindLayer(const std::string& diff_id,
                                       const std::string& recipe) override;
  void RememberLayer(const std::string& diff_id, const std::string& recipe,
                     const LayerDigest& layer) override;

  absl::Status Check() override;

 private:
  SqliteStore(UniqueFd lock, const Clock& clock, SealingKey key);
  absl::Status CheckCanary();
  void TouchLayer(const std::string& diff_id, const std::string& recipe);

  const UniqueFd lock_;  // of the directory; first, and so held until all else is closed
  const Clock& clock_;
  const SealingKey key_;
  const std::string boot_id_;  // whose unfinished requests are whose
  std::unique_ptr<Db> db_;
};

}  // namespace gantry
