// Which paths of its own disk the daemon reads images from.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace gantry {

// The path without symbolic links, if it lies in one of the directories `roots`.  Outside of them
// nothing is told, not even whether there is such a file.
//   PERMISSION_DENIED SOURCE_NOT_ALLOWED     not below a root, or there are no roots
//   NOT_FOUND SOURCE_NOT_FOUND               below a root, but it does not exist
//   FAILED_PRECONDITION SOURCE_UNREADABLE    below a root, but it cannot be reached
absl::StatusOr<std::string> AllowedPath(const std::vector<std::string>& roots,
                                        const std::string& path);

}  // namespace gantry
