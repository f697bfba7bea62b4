#include "oci/credential_helper.h"

#include <unistd.h>

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "oci/child_process.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr std::chrono::hours kLife{1};
constexpr std::string_view kNotFound = "credentials not found in native keychain";

// The suffix becomes part of a file name.
bool IsSuffix(std::string_view suffix) {
  return !suffix.empty() && suffix.size() <= 100 &&
         std::all_of(suffix.begin(), suffix.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// Empty when it is in no directory of PATH.  Relative directories do not count: what the daemon
// runs must not depend on where it was started.
std::string FindProgram(const Environment& environment, const std::string& name) {
  const std::string path = environment.Get("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (const std::string_view directory : Split(path, ':')) {
    if (directory.empty() || directory.front() != '/') continue;
    std::string program = fmt::format("{}/{}", directory, name);
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

// The daemon's own settings and logins; a cloud's variables are what its helper logs in by.
bool IsOurs(std::string_view variable) {
  return variable.substr(0, 7) == "GANTRY_" || variable == "DOCKER_AUTH_CONFIG";
}

Error Broken(const std::string& program, const std::string& key, std::string_view why) {
  return FailedPrecondition(reason::kCredentialHelper,
                            "credential helper {} gave no login for {}: {}", program, key, why)
      .With("helper", program)
      .Remedy("try it by hand: echo {} | {} get", key, program);
}

absl::StatusOr<Credential> ReadLogin(const std::string& program, const std::string& key,
                                     std::string_view output) {
  const auto json = ParseJson(output);
  // What it says may hold the secret, so that it is not repeated.
  if (!json.ok() || !json->is_object()) return Broken(program, key, "its answer is not JSON");
  Credential credential;
  const std::string user = GetString(*json, "Username").value_or("");
  std::string secret = GetString(*json, "Secret").value_or("");
  if (secret.empty()) return credential;
  credential.scheme =
      user == "<token>" ? Credential::Scheme::kIdentityToken : Credential::Scheme::kBasic;
  credential.username = user;
  credential.secret = Secret(std::move(secret));
  return credential;
}

}  // namespace

absl::StatusOr<Credential> CredentialHelpers::Get(const CallContext& call,
                                                  const std::string& suffix, const std::string& key,
                                                  bool refresh) {
  const std::string slot = suffix + "\n" + key;
  if (refresh) cache_.DropIf(slot, [](const Credential&) { return true; });
  return cache_.Get(call, slot, [&]() -> absl::StatusOr<RefreshingCache<Credential>::Entry> {
    GANTRY_ASSIGN_OR_RETURN(Credential credential, Run(call, suffix, key));
    const MonoTime expires = call.clock().Mono() + kLife;
    return RefreshingCache<Credential>::Entry{std::move(credential), expires, expires};
  });
}

absl::StatusOr<Credential> CredentialHelpers::Run(const CallContext& call,
                                                  const std::string& suffix,
                                                  const std::string& key) const {
  if (!IsSuffix(suffix)) {
    return FailedPrecondition(reason::kCredentialHelper,
                              "'{}' is not the name of a credential helper", Excerpt(suffix, 100))
        .Remedy("correct credsStore or credHelpers in Docker's config.json");
  }
  const std::string name = "docker-credential-" + suffix;
  ChildProcess child;
  child.path = FindProgram(environment_, name);
  if (child.path.empty()) {
    return FailedPrecondition(reason::kCredentialHelper, "credential helper {} is not installed",
                              name)
        .With("helper", name)
        .Remedy(
            "install {} in the daemon's PATH, or remove it from credHelpers and credsStore in "
            "Docker's config.json",
            name);
  }
  child.arguments = {"get"};
  child.input = key;
  child.timeout = timeout_;
  for (const auto& [variable, value] : environment_.variables) {
    if (!IsOurs(variable)) child.environment.push_back(variable + "=" + value);
  }
  auto result = RunChild(call, child);
  if (!result.ok()) {
    if (!call.Check().ok()) return result.status();
    return Broken(name, key, MessageOf(result.status()));
  }
  const Secret output(std::move(result->output));  // wiped, whatever it is
  if (result->timed_out) {
    return Broken(name, key, fmt::format("no answer within {} ms", timeout_.count()));
  }
  if (result->output_cut) return Broken(name, key, "its answer is longer than 64 KiB");
  const std::string_view text = Trim(output.Reveal());
  if (result->exit_code == 0) return ReadLogin(name, key, text);
  if (text.find(kNotFound) != text.npos) return Credential{};
  // JSON after a failure may hold a secret; plain text is the helper's message.
  const bool message = !text.empty() && text.find('{') == text.npos;
  return Broken(name, key,
                fmt::format("exit status {}{}{}", result->exit_code, message ? ": " : "",
                            message ? Excerpt(text, 200) : ""));
}

}  // namespace gantry
