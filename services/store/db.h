// The one door to SOCI: sessions, transactions and errors.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <soci/soci.h>
#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gantry {

// Thread-safe: one session, one statement at a time.  The state is small and a commit waits for the
// disk anyway, so a pool would only add writers that wait for each other.
//
// Errors of SOCI hold the values that were bound, secrets among them: none of their text leaves
// this class.  `name` is what errors and logs call the statement.
class Db {
 public:
  using Work = absl::FunctionRef<absl::Status(soci::session&)>;

  // Opens or makes the SQLite file, private to its owner, with a write-ahead log, and checks that
  // it is whole.
  //   UNAVAILABLE STORE_UNAVAILABLE / STORE_FULL, DATA_LOSS STORE_CORRUPT
  static absl::StatusOr<std::unique_ptr<Db>> OpenSqlite(const std::string& path);

  // Whether the file that was opened is still the one at its path: without it what is written is
  // lost, though no statement fails.
  //   UNAVAILABLE STORE_UNAVAILABLE
  absl::Status CheckFile() const;

  absl::Status Read(const char* name, Work work);
  // In one transaction, which has reached the disk when OK comes back, and is undone by any error.
  absl::Status Write(const char* name, Work work);

 private:
  explicit Db(std::string path) : path_(std::move(path)) {}
  absl::Status Guarded(const char* name, Work work);

  const std::string path_;
  struct stat file_ {};  // when it was opened
  std::mutex mu_;
  soci::session session_;  // guarded by mu_
};

// The first names in `table`, as many as are worth comparing with a mistyped one.
std::vector<std::string> NamesIn(soci::session& sql, const char* table);

}  // namespace gantry
