#include "store/db.h"

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <exception>
#include <typeinfo>

#include "base/guard.h"
#include "base/status.h"

namespace gantry {
namespace {

absl::Status FromSqlite(const char* name, int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return Unavailable(reason::kStoreFull,
                         "the state cannot be written ({}): the disk is full, "
                         "read-only or failing",
                         name)
          .Remedy(
              "make room on the disk of the state directory; nothing that was acknowledged is "
              "lost");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(reason::kStoreUnavailable, "the state is busy ({})", name)
          .RetryAfter(std::chrono::seconds(1));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(reason::kStoreCorrupt, "the state is damaged ({})", name)
          .Remedy("restore the state directory from a backup");
    default:
      return Internal(reason::kInternal, "the state store failed in {} (SQLite {})", name, code);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Db>> Db::OpenSqlite(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Unavailable(reason::kStoreFull, "cannot open the state file {}: {}", path,
                       std::generic_category().message(errno))
        .Remedy("check the state directory's owner, rights and free space");
  }
  std::unique_ptr<Db> db(new Db(path));
  fchmod(fd, 0600);
  fstat(fd, &db->file_);
  close(fd);
  absl::Status s = db->Guarded("open", [&](soci::session& sql) {
    sql.open(soci::sqlite3, "db=\"" + path + "\" timeout=5");
    return absl::OkStatus();
  });
  if (!s.ok()) return s;
  s = db->Guarded("check", [&](soci::session& sql) -> absl::Status {
    std::string mode;
    sql << "PRAGMA journal_mode=WAL", soci::into(mode);
    // Where memory cannot be shared, as on some network file systems, SQLite stays with its old
    // journal, and says so in place of an error.
    if (mode != "wal") {
      return Unavailable(reason::kStoreUnavailable,
                         "the state's file system has no write-ahead log (SQLite says '{}')", mode)
          .Remedy("put the state directory on a local disk");
    }
    sql << "PRAGMA synchronous=FULL";
    sql << "PRAGMA foreign_keys=ON";
    std::string verdict;
    sql << "PRAGMA quick_check(1)", soci::into(verdict);
    if (verdict == "ok") return absl::OkStatus();
    return FromSqlite("check", SQLITE_CORRUPT);
  });
  if (!s.ok()) return Annotate(s, path);
  return db;
}

absl::Status Db::CheckFile() const {
  struct stat now {};
  const bool there = stat(path_.c_str(), &now) == 0;
  if (there && now.st_dev == file_.st_dev && now.st_ino == file_.st_ino) return absl::OkStatus();
  return Unavailable(reason::kStoreUnavailable, "the state file {} {}", path_,
                     there ? "is another one than was opened" : "is gone")
      .Remedy("stop gantryd, put the state directory back, and start it again");
}

absl::Status Db::Guarded(const char* name, Work work) {
  try {
    return work(session_);
  } catch (const soci::sqlite3_soci_error& e) {
    return FromSqlite(name, e.result());
  } catch (const soci::soci_error&) {
    return Internal(reason::kInternal, "the state store failed in {}", name);
  } catch (const std::exception& e) {
    return Annotate(Thrown(&typeid(e)), name);  // also here: a transaction has to end
  }
}

absl::Status Db::Read(const char* name, Work work) {
  std::lock_guard lock(mu_);
  return Guarded(name, work);
}

absl::Status Db::Write(const char* name, Work work) {
  std::lock_guard lock(mu_);
  // IMMEDIATE: SOCI's own transactions begin without the write lock, and then lose it to others.
  GANTRY_RETURN_IF_ERROR(Guarded(name, [](soci::session& sql) {
    sql << "BEGIN IMMEDIATE";
    return absl::OkStatus();
  }));
  absl::Status s = Guarded(name, work);
  if (s.ok()) {
    s = Guarded(name, [](soci::session& sql) {
      sql << "COMMIT";
      return absl::OkStatus();
    });
  }
  if (!s.ok()) {
    (void)Guarded("rollback", [](soci::session& sql) {
      sql << "ROLLBACK";  // fails when SQLite has rolled back by itself, on a full disk
      return absl::OkStatus();
    });
  }
  return s;
}

std::vector<std::string> NamesIn(soci::session& sql, const char* table) {
  const soci::rowset<std::string> names =
      (sql.prepare << "SELECT name FROM " << table << " ORDER BY name LIMIT 1000");
  return {names.begin(), names.end()};
}

}  // namespace gantry
