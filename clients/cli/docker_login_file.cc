#include "clients/cli/docker_login_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/status.h"

namespace gantry::cli {
namespace {

namespace fs = std::filesystem;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Error CannotWrite(const std::string& path, int error) {
  return FailedPrecondition(reason::kCredentialHelper, "cannot write {}: {}", path,
                            std::strerror(error))
      .Remedy("check the folder's rights and the disk, or name another file with --config");
}

// Writes all of it, or says why not.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
  return fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

absl::StatusOr<std::string> LoginFileOf(LoginTool tool) {
  const std::string home = Variable("HOME");
  if (tool == LoginTool::kDocker) {
    if (const std::string folder = Variable("DOCKER_CONFIG"); !folder.empty()) {
      return folder + "/config.json";
    }
    if (!home.empty()) return home + "/.docker/config.json";
  } else {
    if (const std::string file = Variable("REGISTRY_AUTH_FILE"); !file.empty()) return file;
    if (const std::string folder = Variable("XDG_RUNTIME_DIR"); !folder.empty()) {
      return folder + "/containers/auth.json";
    }
    if (!home.empty()) return home + "/.config/containers/auth.json";
  }
  return FailedPrecondition(reason::kCredentialHelper, "no HOME is set, so there is no login file")
      .Remedy("name the file with --config");
}

absl::StatusOr<nlohmann::json> ReadLoginFile(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return nlohmann::json::object();
  std::ifstream in(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  auto content = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (text.empty()) content = nlohmann::json::object();
  if (!in.bad() && content.is_object()) return content;
  return FailedPrecondition(reason::kCredentialHelper, "{} is no login file: it holds no JSON object",
                            path)
      .Remedy("correct it or move it away, or name another file with --config");
}

absl::Status WriteLoginFile(const std::string& path, const nlohmann::json& content) {
  // A link stays a link: dotfiles are often kept elsewhere.
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(path, ignored);
  const std::string target = real.empty() ? path : real.string();
  fs::create_directories(fs::path(target).parent_path(), ignored);
  std::string temporary = target + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);  // 0600
  if (fd < 0) return CannotWrite(path, errno);
  const int fault = WriteAll(fd, content.dump(2) + "\n");
  close(fd);
  if (fault == 0 && std::rename(temporary.c_str(), target.c_str()) == 0) return absl::OkStatus();
  const int error = fault != 0 ? fault : errno;
  unlink(temporary.c_str());
  return CannotWrite(path, error);
}

}  // namespace gantry::cli
