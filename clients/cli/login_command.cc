// gantry login, gantry pull-secret: credentials to pull with, where the tools look for them.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "clients/cli/credential_helper.h"
#include "clients/cli/credential_warning.h"
#include "clients/cli/docker_login_file.h"
#include "clients/cli/session.h"
#include "clients/cli/value_kind.h"
#include "oci/auth_file.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

// What both commands are asked for.
struct PullOptions {
  std::string registry, reference, repository;
};

absl::StatusOr<v1::PullCredential> Mint(const Session& session, const PullOptions& o,
                                        v1::MintPullCredentialRequest request = {}) {
  request.set_registry(o.registry);
  request.set_reference(o.reference);
  request.set_repository(o.repository);
  return session.Connect(120).Call(&ContainerRegistry::Stub::MintPullCredential, request);
}

std::string Until(const v1::PullCredential& credential) {
  if (!credential.has_expire_time()) return "with no known end";
  return fmt::format("until {:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(static_cast<std::time_t>(credential.expire_time().seconds())));
}

void AddPullOptions(CLI::App& command, PullOptions& o) {
  auto* registry =
      command.add_option("REGISTRY", o.registry, "Configured registry")->type_name(kind::kRegistry);
  auto* reference = command.add_option("--reference", o.reference, "An image instead, by its name")
                        ->type_name("IMAGE");
  command.add_option("--repository", o.repository, "Only for this repository below the registry")
      ->type_name("PATH")
      ->excludes(reference);
  registry->excludes(reference);
}

struct LoginOptions : PullOptions {
  std::string tool = "docker", file;
  bool helper = false;
};

// What is written: the login itself, or who to ask for it each time.
absl::Status Enter(const LoginOptions& o, const v1::PullCredential& credential,
                   const std::string& file, nlohmann::json& content) {
  const std::string key = AuthFile::DockerKey(credential.registry_host());
  if (o.helper) {
    content["credHelpers"][key] = "gantry";
    if (content.contains("auths")) content["auths"].erase(key);
    return absl::OkStatus();
  }
  const bool helped = content.contains("credsStore") ||
                      (content.contains("credHelpers") && content["credHelpers"].contains(key));
  if (helped) {
    return FailedPrecondition(reason::kCredentialHelper,
                              "{} has a credential helper, and so a login in it would not be seen",
                              file)
        .Remedy(
            "let the tools ask the daemon: gantry login --helper; or name another file with "
            "--config");
  }
  content["auths"][key] = {
      {"auth", Base64Encode(credential.username() + ":" + credential.password())}};
  return absl::OkStatus();
}

Outcome Login(const Session& session, const LoginOptions& o) {
  GANTRY_ASSIGN_OR_RETURN(const auto credential, Mint(session, o));
  if (credential.username().empty()) {
    return session.Show(credential, fmt::format("{} asks for no login: nothing was written\n",
                                                credential.registry_host()));
  }
  std::string file = o.file;
  if (file.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        file, LoginFileOf(o.tool == "podman" ? LoginTool::kPodman : LoginTool::kDocker));
  }
  std::string unheard;
  if (o.helper) {
    GANTRY_ASSIGN_OR_RETURN(unheard, UnheardAt(session.Connect(), credential.registry_host()));
  }
  GANTRY_ASSIGN_OR_RETURN(nlohmann::json content, ReadLoginFile(file));
  GANTRY_RETURN_IF_ERROR(Enter(o, credential, file, content));
  GANTRY_RETURN_IF_ERROR(WriteLoginFile(file, content));
  v1::PullCredential shown = credential;  // what was written is in the file, and need not be shown
  shown.clear_password();
  shown.clear_docker_config_json();
  shown.clear_kubernetes_secret();
  if (o.helper) {
    if (!unheard.empty()) PrintWarning(unheard);
    return session.Show(shown, fmt::format("{} asks the daemon for logins to {}\n", file,
                                           credential.registry_host()));
  }
  WarnAbout(credential);
  return session.Show(shown, fmt::format("Logged in to {} {}, in {}\n", credential.registry_host(),
                                         Until(credential), file));
}

struct SecretOptions : PullOptions {
  std::string name, name_space;
};

Outcome PullSecret(const Session& session, const SecretOptions& o) {
  v1::MintPullCredentialRequest request;
  request.set_secret_name(o.name);
  request.set_namespace_(o.name_space);
  GANTRY_ASSIGN_OR_RETURN(const auto credential, Mint(session, o, request));
  WarnAbout(credential);
  std::cout << credential.kubernetes_secret() << "\n";
  return kOk;
}

}  // namespace

void AddLoginCommands(CLI::App& app, Session& session) {
  CLI::App* login = AddCommand(app, session, "login",
                               "Let docker, podman or skopeo pull, by a credential that ends");
  const auto o = std::make_shared<LoginOptions>();
  AddPullOptions(*login, *o);
  OneOf(login->add_option("--tool", o->tool, "Whose login file"), {"docker", "podman"});
  login->add_option("--config", o->file, "Another login file")->type_name(kind::kFile);
  auto* helper = login->add_flag("--helper", o->helper,
                                 "Write down to ask the daemon each time, by "
                                 "docker-credential-gantry; for whole registries");
  // Docker asks its helpers by host, and does not say which repository it is about to pull from.
  helper->excludes("--repository")->excludes("--reference");
  Runs(*login, session, o, Login);

  CLI::App* secret = AddCommand(app, session, "pull-secret",
                                "A Kubernetes Secret to pull with, for kubectl apply -f -");
  const auto s = std::make_shared<SecretOptions>();
  AddPullOptions(*secret, *s);
  secret->add_option("--name", s->name, "Of the Secret; gantry-REGISTRY unless given")
      ->type_name(kind::kText);
  secret->add_option("-n,--namespace", s->name_space, "Of the Secret")->type_name(kind::kText);
  Runs(*secret, session, s, PullSecret);
}

}  // namespace gantry::cli
