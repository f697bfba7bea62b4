#include "gantryd/flavors/trusted_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/status.h"

namespace gantry {
namespace {

absl::Status Refuse(const std::string& what, const std::string& why, const std::string& remedy) {
  return FailedPrecondition(reason::kFlavorNotLoaded, "{} {}", what, why).Remedy("{}", remedy);
}

absl::Status CheckOwner(const struct stat& info, const std::string& what, bool may_be_sticky) {
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return Refuse(
        what, fmt::format("belongs to user {}", info.st_uid),
        fmt::format("It must belong to root or to the daemon's user: chown root {}.", what));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return absl::OkStatus();
  if (may_be_sticky && (info.st_mode & S_ISVTX) != 0 && info.st_uid == 0) return absl::OkStatus();
  return Refuse(what, "can be written by its group or by everybody",
                fmt::format("Take that right away: chmod go-w {}.", what));
}

std::string PathOf(int fd) {
  char buffer[4096];
  const ssize_t n = readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), buffer, sizeof buffer);
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "a directory above";
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Climbs by ".." from the directory itself, so that no path that changes meanwhile can mislead it.
absl::Status CheckAbove(int directory) {
  struct stat below {};
  if (fstat(directory, &below) != 0) return Internal(reason::kInternal, "fstat: {}", errno);
  UniqueFd at(dup(directory));
  for (;;) {
    UniqueFd above(openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat info {};
    if (above.get() < 0 || fstat(above.get(), &info) != 0) {
      return Refuse(PathOf(at.get()), "has a parent that cannot be looked at",
                    "Check the rights of the directories above it.");
    }
    if (SameFile(info, below)) return absl::OkStatus();
    GANTRY_RETURN_IF_ERROR(CheckOwner(info, PathOf(above.get()), /*may_be_sticky=*/true));
    below = info;
    at = std::move(above);
  }
}

}  // namespace

absl::StatusOr<TrustedDir> TrustedDir::Open(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (fd.get() < 0 || fstat(fd.get(), &info) != 0) {
    return Refuse(path, fmt::format("cannot be opened: {}", std::strerror(errno)),
                  "Install the flavors, or name the directory that has them.");
  }
  const std::string real = PathOf(fd.get());
  GANTRY_RETURN_IF_ERROR(CheckOwner(info, real, /*may_be_sticky=*/false));
  GANTRY_RETURN_IF_ERROR(CheckAbove(fd.get()));
  return TrustedDir(real, std::move(fd));
}

absl::StatusOr<UniqueFd> TrustedDir::OpenFile(const std::string& name, struct stat* info) const {
  const std::string what = path_ + "/" + name;
  // O_NONBLOCK: a FIFO must not make the start wait.
  UniqueFd fd(openat(fd_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0 && errno == ELOOP) {
    return Refuse(what, "is a symbolic link", "Put the file itself there.");
  }
  if (fd.get() < 0 || fstat(fd.get(), info) != 0) {
    return Refuse(what, fmt::format("cannot be opened: {}", std::strerror(errno)),
                  "Install the flavors again.");
  }
  if (!S_ISREG(info->st_mode)) {
    return Refuse(what, "is no regular file", "Put the file itself there.");
  }
  GANTRY_RETURN_IF_ERROR(CheckOwner(*info, what, /*may_be_sticky=*/false));
  return fd;
}

absl::StatusOr<std::vector<std::string>> TrustedDir::List() const {
  const int copy = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, int (*)(DIR*)> dir(copy < 0 ? nullptr : fdopendir(copy), closedir);
  if (!dir) {
    return Refuse(path_, fmt::format("cannot be listed: {}", std::strerror(errno)),
                  "Give the daemon the right to read it.");
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::string> ReadFd(int fd, size_t limit) {
  std::string bytes;
  char buffer[64 << 10];
  for (;;) {
    const ssize_t n = pread(fd, buffer, sizeof buffer, static_cast<off_t>(bytes.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Refuse("the file", std::strerror(errno), "Check the disk.");
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
    if (bytes.size() > limit) {
      return Refuse("the file", fmt::format("is longer than {} bytes", limit),
                    "Install the flavors again.");
    }
  }
}

}  // namespace gantry
