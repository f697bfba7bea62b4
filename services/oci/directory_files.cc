#include "oci/directory_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "oci/file_reader.h"

namespace gantry {
namespace {

std::string Reason(int error) { return std::generic_category().message(error); }

class DirectoryFiles final : public FileSet {
 public:
  explicit DirectoryFiles(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::optional<FileInfo>> Find(const CallContext&,
                                               const std::string& name) override {
    GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(name));
    if (fd.get() < 0) return std::nullopt;
    struct stat info {};
    fstat(fd.get(), &info);
    return FileInfo{.size = info.st_size, .rank = 0, .head = ""};
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext&, const std::string& name,
                                                   int64_t offset) override {
    GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(name));
    if (fd.get() < 0) return NoSuchFile(path_, name);
    return std::make_unique<FileReader>(std::move(fd), offset, INT64_MAX);
  }

  const std::string& name() const override { return path_; }

 private:
  absl::Status OpenRoot() {
    std::lock_guard lock(mu_);
    if (root_.get() >= 0) return absl::OkStatus();
    root_ = UniqueFd(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (root_.get() >= 0) return absl::OkStatus();
    if (errno == ENOENT) {
      return NotFound(reason::kSourceNotFound, "there is no directory {}", path_)
          .Remedy("check the path, and on which machine it is");
    }
    if (errno == ENOTDIR) {
      return FailedPrecondition(reason::kSourceUnreadable, "{} is not a directory", path_)
          .Remedy("for an archive write oci-archive:{0} or docker-archive:{0}", path_);
    }
    return FailedPrecondition(reason::kSourceUnreadable, "cannot open {}: {}", path_, Reason(errno))
        .Remedy("give this user the right to read it");
  }

  // -1 when there is no such file.
  absl::StatusOr<UniqueFd> OpenFile(const std::string& name) {
    GANTRY_RETURN_IF_ERROR(OpenRoot());
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a FIFO must not block us
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    UniqueFd fd(static_cast<int>(
        syscall(SYS_openat2, root_.get(), name.c_str(), &how, sizeof how)));
    if (fd.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return fd;
    if (fd.get() < 0 && (errno == ELOOP || errno == EXDEV)) {
      return InvalidArgument(reason::kSourceInvalid, "{} in {} is a symbolic link or leads out of it",
                             Excerpt(name, 200), path_)
          .Remedy("an OCI layout holds plain files; copy the image without links");
    }
    if (fd.get() < 0) {
      return FailedPrecondition(reason::kSourceUnreadable, "cannot open {} in {}: {}",
                                Excerpt(name, 200), path_, Reason(errno))
          .Remedy("give this user the right to read it");
    }
    struct stat info {};
    if (fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode)) return fd;
    return InvalidArgument(reason::kSourceInvalid, "{} in {} is not a plain file", Excerpt(name, 200),
                           path_)
        .Remedy("an OCI layout holds plain files; save or copy the image again");
  }

  const std::string path_;
  std::mutex mu_;
  UniqueFd root_;
};

}  // namespace

std::unique_ptr<FileSet> OpenDirectory(std::string path) {
  return std::make_unique<DirectoryFiles>(std::move(path));
}

}  // namespace gantry
