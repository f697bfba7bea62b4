#include "gantryd/flavors/local_identity.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/status.h"
#include "base/unique_fd.h"

namespace gantry {
namespace {

Error Unreadable(const std::string& path, std::string_view why) {
  return FailedPrecondition(reason::kConnectorUnusable, "cannot read {}: {}", Excerpt(path, 200),
                            why)
      .Remedy("check the path, and that gantryd's user may read the file");
}

// File systems whose files are no stored bytes, but what the kernel says about itself and its
// processes: /proc/self/environ, /proc/self/mem, /sys/kernel/….
bool IsMadeUp(int fd) {
  constexpr decltype(std::declval<struct statfs>().f_type) kKinds[] = {
      PROC_SUPER_MAGIC,   SYSFS_MAGIC,         DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC,
      CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC,  PSTOREFS_MAGIC};
  struct statfs info {};
  // Not known is not trusted.
  return fstatfs(fd, &info) != 0 ||
         std::find(std::begin(kKinds), std::end(kKinds), info.f_type) != std::end(kKinds);
}

bool IsSameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether the open file is one of the directory or of those below it: by its path without links,
// and, for what is mounted or linked elsewhere too, by being one of the directory's own files.
bool IsWithin(const std::string& directory, int fd, const struct stat& file) {
  std::error_code error;
  const auto real = std::filesystem::canonical(directory, error);
  if (error) return false;  // nothing is there
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  if (error) return true;
  if (std::mismatch(real.begin(), real.end(), path.begin(), path.end()).first == real.end()) {
    return true;
  }
  for (std::filesystem::directory_iterator entry(real, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat own {};
    if (stat(entry->path().c_str(), &own) == 0 && IsSameFile(own, file)) return true;
  }
  return static_cast<bool>(error);
}

}  // namespace

absl::StatusOr<Secret> LocalIdentity::ReadEnvironment(const std::string& name) const {
  if (auto value = environment_.Get(name)) return Secret(*std::move(value));
  return NotFound(reason::kLocalNotFound, "gantryd's environment has no {}", Excerpt(name, 100));
}

absl::StatusOr<Secret> LocalIdentity::ReadFile(const std::string& path) const {
  // Without blocking: a FIFO would hang the call for ever.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return NotFound(reason::kLocalNotFound, "there is no file {}", Excerpt(path, 200));
    }
    return Unreadable(path, std::strerror(errno));
  }
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Unreadable(path, "it is no regular file");
  }
  if (IsMadeUp(fd.get())) return Unreadable(path, "the kernel makes it up, it is no stored file");
  if (!state_dir_.empty() && IsWithin(state_dir_, fd.get(), info)) {
    return Unreadable(path, "it belongs to gantryd's own state");
  }
  std::string content(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t n = read(fd.get(), content.data() + size, content.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unreadable(path, std::strerror(errno));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > kMaxFileBytes) return Unreadable(path, "it is longer than 1 MiB");
  Secret secret(content.substr(0, size));
  WipeString(content);
  return secret;
}

absl::Status ImplicitLoginNotAllowed() {
  return Error(absl::StatusCode::kPermissionDenied, reason::kImplicitLoginNotAllowed,
               "this login uses the daemon's own identity, which the operator has not allowed")
      .Remedy(
          "start gantryd with --allow-implicit-login, or use a connector that carries a "
          "credential of its own");
}

}  // namespace gantry
