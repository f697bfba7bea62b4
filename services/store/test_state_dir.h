// For tests with a store on disk: a directory that goes with the test, and a disk that is full.
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <string>

#include "store/sqlite_store.h"

namespace gantry {

// Confined to one thread.
class StateDir {
 public:
  StateDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "state.XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;
  ~StateDir() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  absl::StatusOr<std::unique_ptr<Store>> Open(const Clock& clock) const {
    return SqliteStore::Open({.directory = path_, .clock = &clock, .key_file = ""});
  }

 private:
  std::string path_;
};

// While it lives, no file of this process can grow: SQLite sees a disk that is full.
class FullDisk {
 public:
  FullDisk() {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace gantry
