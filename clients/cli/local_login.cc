#include "clients/cli/local_login.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/status.h"
#include "clients/cli/aws_local_login.h"
#include "oci/child_process.h"

namespace gantry::cli {
namespace {

constexpr char kAcrAudience[] = "https://containerregistry.azure.net";

Error Nothing(std::string_view what, std::string_view remedy) {
  return NotFound(reason::kSourceNotFound, "found no login of {} on this machine", what)
      .Remedy("{}", remedy);
}

absl::StatusOr<LocalLogin> Gcp(const Environment& environment) {
  const std::string folder =
      environment.Get("CLOUDSDK_CONFIG")
          .value_or(environment.Get("HOME").value_or("/") + "/.config/gcloud");
  const std::string path = environment.Get("GOOGLE_APPLICATION_CREDENTIALS")
                               .value_or(folder + "/application_default_credentials.json");
  const auto text = ReadToolFile(path);
  if (!text) {
    return Nothing("Google Cloud",
                   "run 'gcloud auth application-default login', or set "
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
    return InvalidArgument(reason::kSourceInvalid, "{} holds no credential that can be used", path)
        .Remedy(
            "use the key file of a service account, or run 'gcloud auth application-default "
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
    login.expires = WallTimeOf(json["expires_on"].get<int64_t>());
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

std::optional<std::string> ReadToolFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

absl::StatusOr<LocalLogin> FindLocalLogin(const CallContext& call, const Environment& environment,
                                          const LocalLoginQuery& query) {
  const std::string& type = query.type;
  if (type == "aws") return FindAwsLogin(environment, query);
  if (type == "gcp") return IfMethodIs(query.method, Gcp(environment));
  if (type == "azure") return IfMethodIs(query.method, Azure(call, environment));
  return InvalidArgument(reason::kInvalidArgument,
                         "a connector of type {} cannot be configured by itself", type)
      .Remedy("give its fields; see: gantry service-connector list-types");
}

}  // namespace gantry::cli
