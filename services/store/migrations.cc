#include "store/migrations.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <system_error>

#include "base/status.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "store/records.h"

namespace gantry {

// Portable SQL: TEXT and BIGINT, times in microseconds.  Never change a step that was released; add
// one.
const std::vector<SchemaStep>& SchemaSteps() {
  static const std::vector<SchemaStep> steps = {
      {
          "CREATE TABLE connector ("
          " name TEXT PRIMARY KEY, type TEXT NOT NULL, auth_method TEXT NOT NULL,"
          " config TEXT NOT NULL, labels TEXT NOT NULL, description TEXT NOT NULL,"
          " verification BIGINT NOT NULL, verification_message TEXT NOT NULL,"
          " verification_host TEXT NOT NULL, verification_time BIGINT NOT NULL,"
          " create_time BIGINT NOT NULL, update_time BIGINT NOT NULL, version BIGINT NOT NULL)",
          "CREATE TABLE connector_secret ("
          " connector TEXT NOT NULL REFERENCES connector(name) ON DELETE CASCADE,"
          " field TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (connector, field))",
          "CREATE TABLE registry ("
          " name TEXT PRIMARY KEY, flavor TEXT NOT NULL, uri TEXT NOT NULL,"
          " default_repository TEXT NOT NULL, connector TEXT NOT NULL, labels TEXT NOT NULL,"
          " config TEXT NOT NULL, plain_http BIGINT NOT NULL, skip_tls_verify BIGINT NOT NULL,"
          " ca_certificate TEXT NOT NULL, create_time BIGINT NOT NULL, update_time BIGINT NOT NULL,"
          " version BIGINT NOT NULL)",
          "CREATE INDEX registry_by_connector ON registry(connector)",
          "CREATE TABLE request ("
          " id TEXT PRIMARY KEY, method TEXT NOT NULL, body_hash TEXT NOT NULL, owner TEXT NOT "
          "NULL,"
          " done BIGINT NOT NULL, response TEXT NOT NULL, create_time BIGINT NOT NULL)",
          "CREATE INDEX request_by_time ON request(create_time)",
          "CREATE TABLE layer ("
          " diff_id TEXT NOT NULL, recipe TEXT NOT NULL, digest TEXT NOT NULL, size BIGINT NOT "
          "NULL,"
          " use_time BIGINT NOT NULL, PRIMARY KEY (diff_id, recipe))",
          "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
      },
      {
          "ALTER TABLE connector ADD COLUMN expire_time BIGINT NOT NULL DEFAULT 0",
          "ALTER TABLE registry ADD COLUMN client_certificate TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE registry ADD COLUMN client_key TEXT NOT NULL DEFAULT ''",
      },
      {
          "ALTER TABLE connector ADD COLUMN resource_id TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE connector ADD COLUMN expires_skew_tolerance BIGINT NOT NULL DEFAULT 300",
      },
      {
          "ALTER TABLE connector ADD COLUMN request_id TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE registry ADD COLUMN request_id TEXT NOT NULL DEFAULT ''",
      },
  };
  return steps;
}

namespace {

std::string ChecksumOf(const SchemaStep& step) {
  std::string text;
  for (const char* statement : step) text += statement;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  return HexEncode({reinterpret_cast<const char*>(hash), size});
}

}  // namespace

absl::Status Migrate(Db& db, const std::vector<SchemaStep>& steps, WallTime now,
                     const std::string& backup_path) {
  GANTRY_RETURN_IF_ERROR(db.Write("schema_version", [](soci::session& sql) {
    sql << "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY,"
           " checksum TEXT NOT NULL, apply_time BIGINT NOT NULL)";
    return absl::OkStatus();
  }));
  std::vector<std::string> applied;
  GANTRY_RETURN_IF_ERROR(db.Read("schema_version", [&](soci::session& sql) {
    std::string checksum;
    soci::statement rows = (sql.prepare << "SELECT checksum FROM schema_version ORDER BY version",
                            soci::into(checksum));
    rows.execute();
    while (rows.fetch()) applied.push_back(checksum);
    return absl::OkStatus();
  }));
  if (applied.size() > steps.size()) {
    return Unavailable(reason::kStoreUnavailable,
                       "the state has schema {}, this program knows {}", applied.size(),
                       steps.size())
        .Remedy("start the newer gantryd that wrote it, or restore the backup it made");
  }
  for (size_t i = 0; i < applied.size(); ++i) {
    if (applied[i] == ChecksumOf(steps[i])) continue;
    return Unavailable(reason::kStoreUnavailable,
                       "step {} of the state's schema is not this program's", i + 1)
        .Remedy("the state belongs to a different build; give this one a state directory of its own");
  }
  if (!applied.empty() && applied.size() < steps.size()) {
    unlink(backup_path.c_str());
    // Nobody else's to read, as the store itself; SQLite fills an empty file as it finds it.
    const UniqueFd backup(open(backup_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (backup.get() < 0) {
      return Unavailable(reason::kStoreFull, "cannot write {}: {}", backup_path,
                         std::generic_category().message(errno))
          .Remedy("check the state directory's owner, rights and free space");
    }
    GANTRY_RETURN_IF_ERROR(db.Read("backup", [&](soci::session& sql) {
      sql << "VACUUM INTO :path", soci::use(backup_path);
      return absl::OkStatus();
    }));
  }
  for (size_t i = applied.size(); i < steps.size(); ++i) {
    GANTRY_RETURN_IF_ERROR(db.Write("migrate", [&](soci::session& sql) {
      for (const char* statement : steps[i]) sql << statement;
      const long long version = static_cast<long long>(i) + 1;
      const long long time = ToMicros(now);
      const std::string checksum = ChecksumOf(steps[i]);
      sql << "INSERT INTO schema_version (version, checksum, apply_time) VALUES (:v, :c, :t)",
          soci::use(version), soci::use(checksum), soci::use(time);
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

}  // namespace gantry
