#include "store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/status.h"
#include "base/uuid.h"
#include "store/connector_table.h"
#include "store/migrations.h"
#include "store/records.h"
#include "store/registry_table.h"
#include "store/request_table.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

constexpr char kCanary[] = "gantry";
constexpr char kCanaryPlace[] = "gantry|meta|canary|value";
// How exactly it is known when a layer was last used: finding one again and again writes nothing.
constexpr std::chrono::hours kUseGrain{1};

// A directory that was there before is somebody's arrangement, and keeps its rights.
absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  if (fs::create_directories(directory, error)) {
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  const fs::file_status made = error ? fs::file_status() : fs::status(directory, error);
  if (error) {
    return Unavailable(reason::kStoreFull, "cannot make the state directory {}: {}", directory,
                       error.message())
        .Remedy("choose another with --state-dir, or check its owner, rights and free space");
  }
  if ((made.permissions() & fs::perms::others_write) != fs::perms::none) {
    return Unavailable(reason::kStoreUnavailable, "everybody may write in the state directory {}",
                       directory)
        .Remedy("chmod o-w {}, or choose another with --state-dir", directory);
  }
  return absl::OkStatus();
}

// Held until the process ends, however it ends.
absl::StatusOr<UniqueFd> LockDirectory(const std::string& directory) {
  const std::string path = directory + "/lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (fd.get() < 0) {
    return Unavailable(reason::kStoreFull, "cannot open {}: {}", path,
                       std::generic_category().message(errno))
        .Remedy("check the state directory's owner, rights and free space");
  }
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    const ssize_t n = pread(fd.get(), pid, sizeof pid - 1, 0);
    return Unavailable(reason::kStoreUnavailable,
                       "the state directory {} is used by another gantryd, process {}", directory,
                       n > 0 ? Trim(pid) : "unknown")
        .Remedy("stop that one, or give this one a --state-dir of its own");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  // Only shown to a second daemon; on a full disk it stays what it was.
  if (ftruncate(fd.get(), 0) == 0) (void)!pwrite(fd.get(), pid.data(), pid.size(), 0);
  return fd;
}

// The new version of a record that is to replace the stored one.
absl::StatusOr<int64_t> NextVersion(int64_t stored, int64_t expected, const std::string& name) {
  if (expected == 0 || expected == stored) return stored + 1;
  return Aborted(reason::kEtagMismatch, "'{}' was changed by somebody else since it was read", name)
      .With("etag", std::to_string(stored))
      .Remedy("read it again, and repeat the change on what is there now");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> SqliteStore::Open(const Options& options) {
  GANTRY_RETURN_IF_ERROR(MakeDirectory(options.directory));
  GANTRY_ASSIGN_OR_RETURN(UniqueFd lock, LockDirectory(options.directory));
  const std::string key_file =
      options.key_file.empty() ? options.directory + "/sealing.key" : options.key_file;
  GANTRY_ASSIGN_OR_RETURN(SealingKey key, SealingKey::LoadOrCreate(key_file));
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(std::move(lock), *options.clock, std::move(key)));
  const std::string path = options.directory + "/gantry.db";
  GANTRY_ASSIGN_OR_RETURN(store->db_, Db::OpenSqlite(path));
  GANTRY_RETURN_IF_ERROR(
      Migrate(*store->db_, SchemaSteps(), options.clock->Now(), path + ".before-migration"));
  GANTRY_RETURN_IF_ERROR(store->CheckCanary());
  return store;
}

SqliteStore::SqliteStore(UniqueFd lock, const Clock& clock, SealingKey key)
    : lock_(std::move(lock)), clock_(clock), key_(std::move(key)), boot_id_(NewUuid()) {}

// A value that is known to be there: when it opens, so does every secret.
absl::Status SqliteStore::CheckCanary() {
  return db_->Write("canary", [&](soci::session& sql) -> absl::Status {
    std::string sealed;
    soci::statement select =
        (sql.prepare << "SELECT value FROM meta WHERE name = 'canary'", soci::into(sealed));
    if (select.execute(true)) return key_.Open(sealed, kCanaryPlace).status();
    sealed = key_.Seal(Secret(kCanary), kCanaryPlace);
    sql << "INSERT INTO meta (name, value) VALUES ('canary', :value)", soci::use(sealed);
    return absl::OkStatus();
  });
}

absl::StatusOr<RegistryRecord> SqliteStore::CreateRegistry(RegistryRecord record) {
  record.create_time = record.update_time = clock_.Now();
  record.version = 1;
  GANTRY_RETURN_IF_ERROR(db_->Write("create registry", [&](soci::session& sql) {
    return registry_table::Insert(sql, key_, record);
  }));
  return record;
}

absl::StatusOr<RegistryRecord> SqliteStore::GetRegistry(const std::string& name) {
  RegistryRecord record;
  GANTRY_RETURN_IF_ERROR(db_->Read("get registry", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(record, registry_table::Get(sql, key_, name));
    return absl::OkStatus();
  }));
  return record;
}

absl::StatusOr<std::vector<RegistryRecord>> SqliteStore::ListRegistries(const std::string& after,
                                                                        int limit) {
  std::vector<RegistryRecord> records;
  GANTRY_RETURN_IF_ERROR(db_->Read("list registries", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(records, registry_table::List(sql, key_, after, limit));
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<RegistryRecord> SqliteStore::UpdateRegistry(RegistryRecord record) {
  GANTRY_RETURN_IF_ERROR(db_->Write("update registry", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(const RegistryRecord stored,
                            registry_table::Get(sql, key_, record.name));
    GANTRY_ASSIGN_OR_RETURN(record.version,
                            NextVersion(stored.version, record.version, record.name));
    record.create_time = stored.create_time;
    record.update_time = clock_.Now();
    return registry_table::Replace(sql, key_, record);
  }));
  return record;
}

absl::Status SqliteStore::DeleteRegistry(const std::string& name, int64_t version) {
  return db_->Write("delete registry", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(const RegistryRecord stored, registry_table::Get(sql, key_, name));
    GANTRY_RETURN_IF_ERROR(NextVersion(stored.version, version, name).status());
    registry_table::Delete(sql, name);
    return absl::OkStatus();
  });
}

absl::StatusOr<ConnectorRecord> SqliteStore::CreateConnector(ConnectorRecord record) {
  record.create_time = record.update_time = clock_.Now();
  record.version = 1;
  GANTRY_RETURN_IF_ERROR(db_->Write("create connector", [&](soci::session& sql) {
    return connector_table::Insert(sql, key_, record);
  }));
  return record;
}

absl::StatusOr<ConnectorRecord> SqliteStore::GetConnector(const std::string& name) {
  ConnectorRecord record;
  GANTRY_RETURN_IF_ERROR(db_->Read("get connector", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(record, connector_table::Get(sql, key_, name));
    return absl::OkStatus();
  }));
  return record;
}

absl::StatusOr<std::vector<ConnectorRecord>> SqliteStore::ListConnectors(const std::string& after,
                                                                         int limit) {
  std::vector<ConnectorRecord> records;
  GANTRY_RETURN_IF_ERROR(db_->Read("list connectors", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(records, connector_table::List(sql, key_, after, limit));
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<ConnectorRecord> SqliteStore::UpdateConnector(ConnectorRecord record) {
  GANTRY_RETURN_IF_ERROR(db_->Write("update connector", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(const ConnectorRecord stored,
                            connector_table::Get(sql, key_, record.name));
    GANTRY_ASSIGN_OR_RETURN(record.version,
                            NextVersion(stored.version, record.version, record.name));
    record.create_time = stored.create_time;
    record.update_time = clock_.Now();
    connector_table::Replace(sql, key_, record);
    return absl::OkStatus();
  }));
  return record;
}

absl::Status SqliteStore::DeleteConnector(const std::string& name, int64_t version) {
  return db_->Write("delete connector", [&](soci::session& sql) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(const ConnectorRecord stored, connector_table::Get(sql, key_, name));
    GANTRY_RETURN_IF_ERROR(NextVersion(stored.version, version, name).status());
    return connector_table::Delete(sql, name);
  });
}

absl::StatusOr<RequestState> SqliteStore::BeginRequest(const std::string& request_id,
                                                       const std::string& method,
                                                       const std::string& body) {
  const std::string fingerprint = key_.Fingerprint(body);
  RequestState state;
  GANTRY_RETURN_IF_ERROR(db_->Write("begin request", [&](soci::session& sql) {
    state = request_table::Begin(sql, request_id, method, fingerprint, boot_id_, clock_.Now());
    return absl::OkStatus();
  }));
  return state;
}

absl::Status SqliteStore::FinishRequest(const std::string& request_id,
                                        const std::string& response) {
  return db_->Write("finish request", [&](soci::session& sql) {
    request_table::Finish(sql, request_id, response);
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::AbandonRequest(const std::string& request_id) {
  return db_->Write("abandon request", [&](soci::session& sql) {
    request_table::Abandon(sql, request_id);
    return absl::OkStatus();
  });
}

std::optional<Store::LayerDigest> SqliteStore::FindLayer(const std::string& diff_id,
                                                         const std::string& recipe) {
  std::string digest;
  long long size = 0, used = 0;
  bool found = false;
  const absl::Status s = db_->Read("find layer", [&](soci::session& sql) {
    soci::statement select =
        (sql.prepare
             << "SELECT digest, size, use_time FROM layer WHERE diff_id = :d AND recipe = :r",
         soci::use(diff_id), soci::use(recipe), soci::into(digest), soci::into(size),
         soci::into(used));
    found = select.execute(true);
    return absl::OkStatus();
  });
  if (!s.ok() || !found) return std::nullopt;
  if (clock_.Now() - FromMicros(used) >= kUseGrain) TouchLayer(diff_id, recipe);
  return LayerDigest{digest, size};
}

void SqliteStore::TouchLayer(const std::string& diff_id, const std::string& recipe) {
  // Without it the layer may be forgotten earlier, which is no reason to miss it now.
  (void)db_->Write("touch layer", [&](soci::session& sql) {
    const long long now = ToMicros(clock_.Now());
    sql << "UPDATE layer SET use_time = :t WHERE diff_id = :d AND recipe = :r", soci::use(now),
        soci::use(diff_id), soci::use(recipe);
    return absl::OkStatus();
  });
}

void SqliteStore::RememberLayer(const std::string& diff_id, const std::string& recipe,
                                const LayerDigest& layer) {
  // Losing this costs a compression, so an error is not worth failing a push for.
  (void)db_->Write("remember layer", [&](soci::session& sql) {
    const long long size = layer.size;
    const long long now = ToMicros(clock_.Now());
    sql << "INSERT INTO layer (diff_id, recipe, digest, size, use_time) VALUES (:d, :r, :g, :s, :t)"
           " ON CONFLICT (diff_id, recipe) DO UPDATE SET digest = excluded.digest,"
           " size = excluded.size, use_time = excluded.use_time",
        soci::use(diff_id), soci::use(recipe), soci::use(layer.digest), soci::use(size),
        soci::use(now);
    sql << "DELETE FROM layer WHERE use_time < (SELECT use_time FROM layer"
           " ORDER BY use_time DESC LIMIT 1 OFFSET 100000)";
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::Check() {
  GANTRY_RETURN_IF_ERROR(db_->CheckFile());
  return db_->Read("check", [](soci::session& sql) {
    long long version = 0;
    sql << "SELECT MAX(version) FROM schema_version", soci::into(version);
    return absl::OkStatus();
  });
}

}  // namespace gantry
