#include "gantryd/images/allowed_path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <system_error>

#include "base/status.h"

namespace gantry {
namespace {

// Without symbolic links, "." and ".."; nothing, and errno, when it cannot be reached.
std::optional<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

bool Below(const std::string& root, const std::string& path) {
  if (root == "/" || path == root) return true;
  return path.size() > root.size() && path.compare(0, root.size(), root) == 0 &&
         path[root.size()] == '/';
}

bool BelowAny(const std::vector<std::string>& roots, const std::string& real) {
  for (const std::string& root : roots) {
    const auto real_root = RealPath(root);
    if (real_root && Below(*real_root, real)) return true;
  }
  return false;
}

Error NotAllowed(const std::string& path, bool has_roots) {
  return PermissionDenied(reason::kSourceNotAllowed, "gantryd may not read {}", Excerpt(path, 300))
      .With("path", Excerpt(path, 300))
      .Remedy("{}", has_roots ? "put it below one of the directories that gantryd was started with "
                                "(--allow-source-root), or push it from the client"
                              : "push it from the client, or start gantryd with "
                                "--allow-source-root DIRECTORY");
}

// O_PATH reads nothing and wakes no device.  The links of /proc are not followed: /proc/PID/root leads
// into another process's mounts, where anybody can put any file below a path of ours.
UniqueFd OpenInThisTree(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(
      syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

// The longest part of the path that exists.
std::string ExistingPart(std::string path) {
  while (path.size() > 1 && !RealPath(path)) {
    const size_t slash = path.find_last_of('/');
    path.resize(slash == path.npos ? 0 : slash);
  }
  return RealPath(path).value_or("/");
}

}  // namespace

absl::StatusOr<AllowedFile> OpenAllowed(const std::vector<std::string>& roots,
                                        const std::string& path) {
  const bool legal = !path.empty() && path.front() == '/' && path.find('\0') == path.npos;
  if (roots.empty() || !legal) return NotAllowed(path, !roots.empty());
  // Opened first and looked at then: what is open cannot be exchanged any more.
  AllowedFile file{OpenInThisTree(path), ""};
  const int error = errno;
  if (file.fd.get() >= 0) {
    const auto real = RealPath(file.open_path());
    if (!real || !BelowAny(roots, *real)) return NotAllowed(path, true);
    file.path = *real;
    return file;
  }
  if (!BelowAny(roots, ExistingPart(path))) return NotAllowed(path, true);
  const bool missing = error == ENOENT || error == ENOTDIR;
  if (missing) {
    return NotFound(reason::kSourceNotFound, "{} does not exist on gantryd's machine",
                    Excerpt(path, 300))
        .With("path", Excerpt(path, 300))
        .Remedy("check the path; one on your own machine is pushed without --on-daemon");
  }
  return FailedPrecondition(reason::kSourceUnreadable, "{} cannot be reached: {}",
                            Excerpt(path, 300), std::generic_category().message(error))
      .With("path", Excerpt(path, 300))
      .Remedy("give the user that gantryd runs as the right to read it");
}

}  // namespace gantry
