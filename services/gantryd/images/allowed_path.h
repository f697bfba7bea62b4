// Which files of its own disk the daemon reads images from.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace gantry {

// A file or directory that is held open, so that nobody can put another in its place between the
// check and the reading.
struct AllowedFile {
  UniqueFd fd;
  std::string path;  // where it lies, without symbolic links

  // What opens this very file, as long as `fd` lives.
  std::string open_path() const { return "/proc/self/fd/" + std::to_string(fd.get()); }
};

// Opens the path, if what it leads to lies in one of the directories `roots`.  Outside of them
// nothing is told, not even whether there is such a file.
//   PERMISSION_DENIED SOURCE_NOT_ALLOWED     not below a root, or there are no roots
//   NOT_FOUND SOURCE_NOT_FOUND               below a root, but it does not exist
//   FAILED_PRECONDITION SOURCE_UNREADABLE    below a root, but it cannot be reached
absl::StatusOr<AllowedFile> OpenAllowed(const std::vector<std::string>& roots,
                                        const std::string& path);

}  // namespace gantry
