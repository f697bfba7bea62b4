// A directory whose files nobody but root and the daemon's own user can have changed.
#pragma once

#include <absl/status/statusor.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace gantry {

// Checked when opened: it and each directory above it belong to root or to the daemon's user, and
// neither group nor others may write there (a sticky directory of root's, such as /tmp, may stand
// above it).  Confined to one thread.
class TrustedDir {
 public:
  // FAILED_PRECONDITION FLAVOR_NOT_LOADED with what to change.
  static absl::StatusOr<TrustedDir> Open(const std::string& path);

  // A regular file in it, under the same rules and no symbolic link.
  absl::StatusOr<UniqueFd> OpenFile(const std::string& name, struct stat* info) const;
  // Names in it, sorted; no dot files.
  absl::StatusOr<std::vector<std::string>> List() const;
  const std::string& path() const { return path_; }

 private:
  TrustedDir(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

// Everything in the file; FAILED_PRECONDITION when it is longer than `limit`.
absl::StatusOr<std::string> ReadFd(int fd, size_t limit);

}  // namespace gantry
