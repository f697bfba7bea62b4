#include "gantryd/credentials/pull_credential.h"

#include <fmt/chrono.h>

#include <algorithm>

#include "base/strings.h"
#include "oci/auth_file.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr size_t kMaxKubernetesName = 253;

Secret Written(const Json& json, int indent) {
  return Secret(json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

std::string Rfc3339(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(WallTime::clock::to_time_t(seconds)));
}

// What whoever finds the object in a cluster should know.  Nothing renews it by itself.
Json Annotations(const PullCredential& credential) {
  Json annotations = {{"gantry-registry", credential.registry_host}};
  if (credential.expires) annotations["gantry-expires"] = Rfc3339(*credential.expires);
  const auto mark = [&](bool sure, const char* annotation) {
    if (sure) annotations[annotation] = "true";
  };
  mark(credential.long_lived, "gantry-long-lived");
  mark(credential.read_only, "gantry-read-only");
  mark(credential.one_repository, "gantry-one-repository");
  return annotations;
}

}  // namespace

Secret DockerConfigJson(const PullCredential& credential) {
  Json auths = Json::object();
  if (!credential.username.empty()) {
    std::string login = credential.username + ":" + std::string(credential.password.Reveal());
    auths[AuthFile::DockerKey(credential.registry_host)] = {{"auth", Base64Encode(login)}};
    WipeString(login);
  }
  return Written({{"auths", std::move(auths)}}, -1);
}

Secret KubernetesSecret(const PullCredential& credential, const std::string& name,
                        const std::string& name_space) {
  Json metadata = {{"name", name}, {"annotations", Annotations(credential)}};
  if (!name_space.empty()) metadata["namespace"] = name_space;
  const Secret config = DockerConfigJson(credential);
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", std::move(metadata)},
                       {"type", "kubernetes.io/dockerconfigjson"},
                       {"data", {{".dockerconfigjson", Base64Encode(config.Reveal())}}}};
  return Written(secret, 2);
}

std::optional<std::string> CheckKubernetesName(const std::string& name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool legal = !name.empty() && name.size() <= kMaxKubernetesName &&
                     alphanumeric(name.front()) && alphanumeric(name.back()) &&
                     name.find("..") == name.npos &&
                     std::all_of(name.begin(), name.end(),
                                 [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
  if (legal) return std::nullopt;
  return "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or "
         "digit, 253 at most";
}

}  // namespace gantry
