#include "oci/docker_config.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

constexpr size_t kMaxFileBytes = 4 << 20;

struct Place {
  std::string path;
  bool podman;
};

std::vector<Place> Places(const Environment& environment) {
  std::vector<Place> places;
  const auto home = environment.Get("HOME");
  const auto add = [&](const std::optional<std::string>& directory, std::string_view file,
                       bool podman) {
    if (directory) places.push_back({fmt::format("{}/{}", *directory, file), podman});
  };
  if (const auto directory = environment.Get("DOCKER_CONFIG")) {
    add(directory, "config.json", false);
  } else {
    add(home, ".docker/config.json", false);
  }
  if (const auto file = environment.Get("REGISTRY_AUTH_FILE")) places.push_back({*file, true});
  add(environment.Get("XDG_RUNTIME_DIR"), "containers/auth.json", true);
  add(home, ".config/containers/auth.json", true);
  return places;
}

Error Unreadable(const std::string& path, std::string_view why) {
  return FailedPrecondition(reason::kCredentialHelper, "{} cannot be read: {}", path, why)
      .Remedy("let the daemon's user read it, or point DOCKER_CONFIG elsewhere");
}

absl::StatusOr<std::shared_ptr<const AuthFile>> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.eof() || in.bad()) {
    return Unreadable(path, in.gcount() > 0 ? "it is longer than 4 MiB" : "no permission");
  }
  text.resize(static_cast<size_t>(in.gcount()));
  auto file = AuthFile::Parse(text, path);
  WipeString(text);
  if (!file.ok()) return file.status();
  return std::make_shared<const AuthFile>(*std::move(file));
}

}  // namespace

absl::StatusOr<Credential> DockerKeychain::Get(const CallContext& call, const std::string& host,
                                               const std::string& repository, Actions,
                                               bool refresh) {
  if (const auto variable = environment_.Get("DOCKER_AUTH_CONFIG")) {
    GANTRY_ASSIGN_OR_RETURN(const AuthFile file,
                            AuthFile::Parse(*variable, "DOCKER_AUTH_CONFIG", /*strict=*/true));
    GANTRY_ASSIGN_OR_RETURN(Credential credential, file.Find(host, repository, false));
    if (credential.scheme != Credential::Scheme::kAnonymous) return credential;
  }
  for (const Place& place : Places(environment_)) {
    GANTRY_ASSIGN_OR_RETURN(const std::shared_ptr<const AuthFile> file, Load(place.path));
    if (!file) continue;
    GANTRY_ASSIGN_OR_RETURN(Credential credential,
                            Look(call, *file, host, repository, place.podman, refresh));
    if (credential.scheme != Credential::Scheme::kAnonymous) return credential;
  }
  return Credential{};
}

absl::StatusOr<Credential> DockerKeychain::Look(const CallContext& call, const AuthFile& file,
                                                const std::string& host,
                                                const std::string& repository, bool podman,
                                                bool refresh) {
  const std::string helper = file.HelperFor(host);
  if (helper.empty()) return file.Find(host, repository, podman);
  GANTRY_ASSIGN_OR_RETURN(
      Credential credential,
      helpers_.Get(call, helper, podman ? host : AuthFile::DockerKey(host), refresh));
  credential.source = "docker-credential-" + helper;
  return credential;
}

absl::StatusOr<std::shared_ptr<const AuthFile>> DockerKeychain::Load(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return nullptr;
    // A home directory of another user says nothing about our logins.
    if (errno == EACCES) return nullptr;
    return Unreadable(path, std::strerror(errno));
  }
  const std::string version = fmt::format("{}:{}:{}.{}", info.st_ino, info.st_size,
                                          info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  std::lock_guard lock(mu_);
  auto it = files_.find(path);
  if (it == files_.end() || it->second.version != version) {
    it = files_.insert_or_assign(path, CachedFile{version, ReadFile(path)}).first;
  }
  return it->second.content;
}

}  // namespace gantry
