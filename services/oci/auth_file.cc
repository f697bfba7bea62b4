#include "oci/auth_file.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "oci/json.h"
#include "oci/reference.h"

namespace gantry {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubKey = "https://index.docker.io/v1/";

Error Broken(std::string_view name, std::string_view why) {
  return FailedPrecondition(reason::kCredentialHelper, "{} is broken: {}", name, why)
      .Remedy("correct it, or remove it and log in again");
}

// The host that a key means: Docker's own keys are URLs.
std::string HostOf(std::string_view key) {
  if (const size_t scheme = key.find("://"); scheme != key.npos) key.remove_prefix(scheme + 3);
  return CanonicalHost(key.substr(0, key.find('/'))).value_or("");
}

Secret SecretField(const Json& object, const char* field) {
  return Secret(GetString(object, field).value_or(""));
}

}  // namespace

absl::StatusOr<AuthFile> AuthFile::Parse(std::string_view text, std::string_view name,
                                         bool strict) {
  AuthFile file;
  file.name_ = name;
  const auto json = ParseJson(text);
  if (!json.ok()) return Broken(name, MessageOf(json.status()));
  if (!json->is_object()) return Broken(name, "it is no JSON object");
  for (const auto& [field, value] : json->items()) {
    if (strict && field != "auths") {
      return Broken(name, fmt::format("it has an unknown field '{}'", Excerpt(field, 60)));
    }
    const bool known = field == "auths" || field == "credHelpers";
    if (known && !value.is_object() && !value.is_null()) {
      return Broken(name, fmt::format("'{}' is no object", field));
    }
  }
  if (const Json* auths = GetObject(*json, "auths")) {
    for (const auto& [key, value] : auths->items()) {
      if (!value.is_object()) {
        return Broken(name, fmt::format("the entry of '{}' is no object", Excerpt(key, 100)));
      }
      if (strict && value.size() > value.count("auth")) {
        return Broken(name, fmt::format("the entry of '{}' may only have the field 'auth'",
                                        Excerpt(key, 100)));
      }
      file.auths_[key] = {SecretField(value, "auth"), SecretField(value, "password"),
                          SecretField(value, "identitytoken"), SecretField(value, "registrytoken"),
                          GetString(value, "username").value_or("")};
    }
  }
  if (const Json* helpers = GetObject(*json, "credHelpers")) {
    for (const auto& [key, value] : helpers->items()) {
      if (value.is_string()) file.helpers_[key] = value.get<std::string>();
    }
  }
  file.store_ = GetString(*json, "credsStore").value_or("");
  return file;
}

std::string AuthFile::DockerKey(const std::string& host) {
  return host == kHub ? std::string(kHubKey) : host;
}

std::string AuthFile::HelperFor(const std::string& host) const {
  auto it = helpers_.find(DockerKey(host));
  if (it == helpers_.end()) it = helpers_.find(host);
  return it == helpers_.end() ? store_ : it->second;
}

absl::StatusOr<Credential> AuthFile::Find(const std::string& host, const std::string& repository,
                                          bool path_prefixes) const {
  const auto found = FindLogin(host, repository, path_prefixes);
  if (found == auths_.end()) return Credential{};
  GANTRY_ASSIGN_OR_RETURN(Credential credential, Read(host, found->second));
  credential.source = fmt::format("{}, entry {}", name_, found->first);
  return credential;
}

AuthFile::Logins::const_iterator AuthFile::FindLogin(const std::string& host,
                                                     const std::string& repository,
                                                     bool path_prefixes) const {
  if (path_prefixes) {
    for (std::string name = host + "/" + repository;;) {
      if (const auto it = auths_.find(name); it != auths_.end()) return it;
      const size_t slash = name.rfind('/');
      if (slash == name.npos) break;
      name.resize(slash);
    }
  }
  if (const auto it = auths_.find(DockerKey(host)); it != auths_.end()) return it;
  return std::find_if(auths_.begin(), auths_.end(), [&](const auto& entry) {
    const std::string& key = entry.first;
    // Without a scheme, "host/path" is Podman's key of a path, and not one of the host.
    const bool of_path = key.find("://") == key.npos && key.find('/') != key.npos;
    return HostOf(key) == host && !(path_prefixes && of_path);
  });
}

absl::StatusOr<Credential> AuthFile::Read(const std::string& host, const Login& login) const {
  Credential credential;
  credential.username = login.username;
  if (!login.registry_token.empty()) {
    credential.scheme = Credential::Scheme::kBearer;
    credential.secret = login.registry_token;
    return credential;
  }
  std::string password(login.password.Reveal());
  if (!login.auth.empty()) {
    std::string pair;
    const bool decoded = Base64Decode(Trim(login.auth.Reveal()), &pair);
    const size_t colon = pair.find(':');
    if (!decoded || colon == pair.npos || colon == 0) {
      WipeString(pair);
      return Broken(name_,
                    fmt::format("'auth' of {} is not the base64 form of user:password", host));
    }
    credential.username = pair.substr(0, colon);
    WipeString(password);
    password = pair.substr(colon + 1);
    WipeString(pair);
    while (!password.empty() && password.back() == '\0') password.pop_back();
  }
  if (!login.identity_token.empty()) {
    WipeString(password);
    credential.scheme = Credential::Scheme::kIdentityToken;
    credential.secret = login.identity_token;
  } else if (!credential.username.empty()) {
    credential.scheme = credential.username == "<token>" ? Credential::Scheme::kIdentityToken
                                                         : Credential::Scheme::kBasic;
    credential.secret = Secret(std::move(password));
  }
  return credential;
}

}  // namespace gantry
