#include "clients/cli/local_login.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/status.h"
#include "oci/child_process.h"

namespace gantry::cli {
namespace {

constexpr char kAcrAudience[] = "https://containerregistry.azure.net";

Error Nothing(std::string_view what, std::string_view remedy) {
  return NotFound(reason::kSourceNotFound, "found no login of {} on this machine", what)
      .Remedy("{}", remedy);
}

std::string Home(const Environment& environment) {
  return environment.Get("HOME").value_or("/");
}

std::optional<std::string> ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// One section of an INI file as AWS's tools write it.
std::map<std::string, std::string> Section(const std::string& text, const std::string& name) {
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string trimmed(Trim(line));
    if (trimmed.empty() || trimmed[0] == '#' || trimmed[0] == ';') continue;
    if (trimmed.front() == '[') {
      inside = trimmed == "[" + name + "]";
      continue;
    }
    const size_t equals = trimmed.find('=');
    if (!inside || equals == trimmed.npos) continue;
    values[std::string(Trim(trimmed.substr(0, equals)))] = Trim(trimmed.substr(equals + 1));
  }
  return values;
}

// The keys of the environment, else of the profile; both with the region, where one is said.
std::map<std::string, std::string> AwsKeys(const Environment& environment) {
  constexpr std::pair<const char*, const char*> kNames[] = {
      {"aws_access_key_id", "AWS_ACCESS_KEY_ID"},
      {"aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"},
      {"aws_session_token", "AWS_SESSION_TOKEN"}};
  std::map<std::string, std::string> keys;
  for (const auto& [name, variable] : kNames) {
    if (auto value = environment.Get(variable)) keys[name] = *std::move(value);
  }
  const std::string profile = environment.Get("AWS_PROFILE").value_or("default");
  const std::string folder = Home(environment) + "/.aws";
  const auto config = ReadText(environment.Get("AWS_CONFIG_FILE").value_or(folder + "/config"));
  const auto settings =
      Section(config.value_or(""), profile == "default" ? profile : "profile " + profile);
  if (!keys.contains("aws_access_key_id")) {
    const auto shared = ReadText(
        environment.Get("AWS_SHARED_CREDENTIALS_FILE").value_or(folder + "/credentials"));
    const auto credentials = Section(shared.value_or(""), profile);
    for (const auto& [name, variable] : kNames) {
      for (const auto* source : {&credentials, &settings}) {
        const auto it = source->find(name);
        if (it != source->end()) keys.emplace(name, it->second);
      }
    }
  }
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment.Get(name)) keys.emplace("region", *std::move(region));
  }
  if (const auto it = settings.find("region"); it != settings.end()) {
    keys.emplace("region", it->second);
  }
  return keys;
}

absl::StatusOr<LocalLogin> Aws(const Environment& environment, const std::string& method) {
  LocalLogin login;
  login.fields = AwsKeys(environment);
  if (!login.fields.contains("aws_access_key_id") ||
      !login.fields.contains("aws_secret_access_key")) {
    return Nothing("AWS", "run 'aws configure', or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                          "AWS_SECRET_ACCESS_KEY");
  }
  const bool temporary = login.fields.contains("aws_session_token");
  login.auth_method = !method.empty() ? method : temporary ? "sts-token" : "session-token";
  return login;
}

absl::StatusOr<LocalLogin> Gcp(const Environment& environment) {
  const std::string folder =
      environment.Get("CLOUDSDK_CONFIG").value_or(Home(environment) + "/.config/gcloud");
  const std::string path = environment.Get("GOOGLE_APPLICATION_CREDENTIALS")
                               .value_or(folder + "/application_default_credentials.json");
  const auto text = ReadText(path);
  if (!text) {
    return Nothing("Google Cloud", "run 'gcloud auth application-default login', or set "
                                   "GOOGLE_APPLICATION_CREDENTIALS to a key file");
  }
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const std::string kind = json.is_object() ? json.value("type", "") : "";
  LocalLogin login;
  if (kind == "service_account") {
    login = {"service-account", {{"service_account_json", *text}}, std::nullopt};
  } else if (kind == "authorized_user") {
    login = {"user-account", {{"user_account_json", *text}}, std::nullopt};
  } else if (kind == "external_account") {
    login = {"external-account", {{"external_account_json", *text}}, std::nullopt};
  } else {
    return InvalidArgument(reason::kSourceInvalid, "{} holds no credential that can be used",
                              path)
        .Remedy("use the key file of a service account, or run 'gcloud auth application-default "
                "login'");
  }
  return login;
}

// `az` as the shell would find it.
std::string FindAz(const Environment& environment) {
  std::istringstream folders(environment.Get("PATH").value_or("/usr/bin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string path = folder + "/az";
    if (!folder.empty() && access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

absl::StatusOr<LocalLogin> Azure(const CallContext& call, const Environment& environment) {
  constexpr char kRemedy[] = "install the Azure CLI and run 'az login'";
  const std::string az = FindAz(environment);
  if (az.empty()) return Nothing("Azure", kRemedy);
  ChildProcess child;
  child.path = az;
  child.arguments = {"account", "get-access-token", "--resource", kAcrAudience, "--output", "json"};
  for (const auto& [name, value] : environment.variables) {
    child.environment.push_back(name + "=" + value);
  }
  GANTRY_ASSIGN_OR_RETURN(const ChildResult result, RunChild(call, child));
  const auto json = nlohmann::json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  const std::string token = json.is_object() ? json.value("accessToken", "") : "";
  if (result.exit_code != 0 || token.empty()) return Nothing("Azure", kRemedy);
  LocalLogin login{"access-token", {{"token", token}}, std::nullopt};
  if (json.contains("expires_on") && json["expires_on"].is_number_integer()) {
    login.expires = WallTime(std::chrono::seconds(json["expires_on"].get<int64_t>()));
  }
  return login;
}

// What was found says by itself how it logs in.
absl::StatusOr<LocalLogin> IfMethodIs(const std::string& wanted, absl::StatusOr<LocalLogin> found) {
  if (!found.ok() || wanted.empty() || wanted == found->auth_method) return found;
  return InvalidArgument(reason::kInvalidArgument,
                         "the login on this machine is one for auth method {}, not {}",
                         found->auth_method, wanted)
      .Remedy("leave out --auth-method, or leave out --auto-configure and give the fields of {}",
              wanted);
}

}  // namespace

absl::StatusOr<LocalLogin> FindLocalLogin(const CallContext& call, const Environment& environment,
                                          const std::string& type, const std::string& method) {
  if (type == "aws") return Aws(environment, method);
  if (type == "gcp") return IfMethodIs(method, Gcp(environment));
  if (type == "azure") return IfMethodIs(method, Azure(call, environment));
  return InvalidArgument(reason::kInvalidArgument,
                         "a connector of type {} cannot be configured by itself", type)
      .Remedy("give its fields; see: gantry service-connector list-types");
}

}  // namespace gantry::cli
