#include "clients/cli/credential_helper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/status.h"
#include "clients/cli/credential_warning.h"
#include "clients/cli/output.h"
#include "oci/auth_file.h"
#include "oci/reference.h"

namespace gantry::cli {
namespace {

using nlohmann::json;
using v1::ContainerRegistry;

// The words by which docker and its kin know that they may go on without a login.
constexpr char kNotFound[] = "credentials not found in native keychain";

std::string HostOf(const v1::Registry& registry) {
  const auto uri = RegistryUri::Parse(registry.uri());
  return uri.ok() ? uri->host() : "";
}

absl::StatusOr<std::vector<v1::Registry>> Registries(const client::Client& client) {
  GANTRY_ASSIGN_OR_RETURN(const auto all, client.CallAll(&ContainerRegistry::Stub::ListRegistries,
                                                         v1::ListRegistriesRequest()));
  return std::vector<v1::Registry>(all.registries().begin(), all.registries().end());
}

// Of a host's registries the widest: a helper is asked by host alone.
const v1::Registry* Widest(const std::vector<v1::Registry>& registries, const std::string& host) {
  const v1::Registry* widest = nullptr;
  for (const v1::Registry& registry : registries) {
    if (HostOf(registry) != host) continue;
    if (!widest || registry.uri().size() < widest->uri().size()) widest = &registry;
  }
  return widest;
}

std::string Unheard(const std::vector<v1::Registry>& registries, const v1::Registry& widest) {
  std::vector<std::string> unheard;
  for (const v1::Registry& registry : registries) {
    const bool other = registry.connector() != widest.connector();
    if (other && HostOf(registry) == HostOf(widest)) unheard.push_back(registry.name());
  }
  if (unheard.empty()) return "";
  return fmt::format(
      "helpers are asked by host alone, and the login for {} is that of registry {}: for {}, use "
      "gantry login REGISTRY, with a --config of its own",
      HostOf(widest), widest.name(), fmt::join(unheard, ", "));
}

absl::StatusOr<HelperAnswer> Get(const client::Client& client, const std::string& input) {
  // The key is a host, or the URL that docker files Docker Hub under.
  const auto uri = RegistryUri::Parse(Trim(input));
  if (!uri.ok()) return HelperAnswer{kNotFound, 1};
  GANTRY_ASSIGN_OR_RETURN(const auto registries, Registries(client));
  const v1::Registry* registry = Widest(registries, uri->host());
  if (!registry) return HelperAnswer{kNotFound, 1};
  v1::MintPullCredentialRequest request;
  request.set_registry(registry->name());
  GANTRY_ASSIGN_OR_RETURN(const auto credential,
                          client.Call(&ContainerRegistry::Stub::MintPullCredential, request));
  if (credential.username().empty()) return HelperAnswer{kNotFound, 1};
  WarnAbout(credential);
  if (const std::string unheard = Unheard(registries, *registry); !unheard.empty()) {
    PrintWarning(unheard);
  }
  return HelperAnswer{json{{"ServerURL", std::string(Trim(input))},
                           {"Username", credential.username()},
                           {"Secret", credential.password()}}
                          .dump()};
}

absl::StatusOr<HelperAnswer> List(const client::Client& client) {
  GANTRY_ASSIGN_OR_RETURN(const auto registries, Registries(client));
  json hosts = json::object();
  for (const v1::Registry& registry : registries) {
    hosts[AuthFile::DockerKey(HostOf(registry))] = registry.connector();
  }
  return HelperAnswer{hosts.dump()};
}

// Half of what is left, so that a kubelet never pulls with a credential that is about to end.
std::string CacheDuration(const v1::PullCredential& credential) {
  if (!credential.has_expire_time()) return "0s";
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  return fmt::format("{}s", std::max<int64_t>(0, (credential.expire_time().seconds() - now) / 2));
}

}  // namespace

absl::StatusOr<std::string> UnheardAt(const client::Client& client, const std::string& host) {
  GANTRY_ASSIGN_OR_RETURN(const auto registries, Registries(client));
  const v1::Registry* widest = Widest(registries, host);
  return widest ? Unheard(registries, *widest) : "";
}

HelperAnswer AnswerDocker(const client::Client& client, const std::string& verb,
                          const std::string& input) {
  if (verb == "store" || verb == "erase") {
    return {"the daemon's credentials are its own: use gantry service-connector", 1};
  }
  const absl::StatusOr<HelperAnswer> answer = verb == "get" ? Get(client, input) : List(client);
  if (answer.ok()) return *answer;
  std::string text(MessageOf(answer.status()));
  if (const std::string remedy = DetailOf(answer.status()).remedy; !remedy.empty()) {
    text += "; " + remedy;
  }
  return {text, 1};
}

absl::StatusOr<std::string> AnswerKubelet(const client::Client& client, const std::string& input) {
  const json request = json::parse(input, nullptr, /*allow_exceptions=*/false);
  const bool known = request.is_object() &&
                     request.value("kind", "") == "CredentialProviderRequest" &&
                     request.contains("image") && request["image"].is_string();
  if (!known) {
    return InvalidArgument(reason::kInvalidArgument,
                           "standard input holds no CredentialProviderRequest")
        .Remedy(
            "set this up as a kubelet's credential provider; for docker use "
            "docker-credential-gantry");
  }
  json auth = json::object();
  std::string duration = "0s";
  v1::MintPullCredentialRequest mint;
  mint.set_reference(request["image"].get<std::string>());
  const auto credential = client.Call(&ContainerRegistry::Stub::MintPullCredential, mint);
  // An image of nobody's registry is pulled without a login.
  if (!credential.ok() && ReasonOf(credential.status()) != reason::kRegistryNotFound) {
    return credential.status();
  }
  if (credential.ok() && !credential->username().empty()) {
    const std::string place =
        credential->registry_host() +
        (credential->repository().empty() ? "" : "/" + credential->repository());
    auth[place] = {{"username", credential->username()}, {"password", credential->password()}};
    duration = CacheDuration(*credential);
    WarnAbout(*credential);
  }
  return json{{"apiVersion", request.value("apiVersion", "credentialprovider.kubelet.k8s.io/v1")},
              {"kind", "CredentialProviderResponse"},
              {"cacheKeyType", "Image"},
              {"cacheDuration", duration},
              {"auth", std::move(auth)}}
      .dump();
}

}  // namespace gantry::cli
