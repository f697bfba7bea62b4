#include "gantryd/flavors/local_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status.h"
#include "oci/unique_fd.h"

namespace gantry {
namespace {

Error Unreadable(const std::string& path, std::string_view why) {
  return FailedPrecondition(reason::kConnectorUnusable, "cannot read {}: {}", Excerpt(path, 200), why)
      .Remedy("check the path, and that gantryd's user may read the file");
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
      .Remedy("start gantryd with --allow-implicit-login, or use a connector that carries a "
              "credential of its own");
}

}  // namespace gantry
