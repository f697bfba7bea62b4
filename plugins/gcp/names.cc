#include "plugins/gcp/names.h"

#include <algorithm>
#include <array>
#include <optional>

#include "plugins/sdk/config.h"

namespace gantry::gcp {
namespace {

using sdk::MakeError;
using sdk::Ok;
using sdk::Status;

constexpr std::string_view kDockerSuffix = "-docker.pkg.dev";
constexpr std::string_view kEndpointPrefix = "docker.", kEndpointSuffix = ".rep.pkg.dev";

// docs.cloud.google.com/artifact-registry/docs/transition/gcr-repositories: the repository that
// serves a host is named like it.
struct ContainerRegistryHost {
  std::string_view host, location;
};
constexpr std::array<ContainerRegistryHost, 4> kContainerRegistryHosts{
    {{"gcr.io", "us"}, {"us.gcr.io", "us"}, {"eu.gcr.io", "europe"}, {"asia.gcr.io", "asia"}}};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsLowerOrDigit(char c) { return IsLower(c) || (c >= '0' && c <= '9'); }

// A letter, then letters, digits and dashes, no dash at the end.
bool IsLabel(std::string_view text, size_t shortest, size_t longest) {
  return text.size() >= shortest && text.size() <= longest && IsLower(text.front()) &&
         IsLowerOrDigit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsLowerOrDigit(c) || c == '-';
         });
}

bool IsProjectId(std::string_view text) { return IsLabel(text, 6, 30); }

bool IsDomain(std::string_view text) {
  if (text.find('.') == text.npos) return false;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('.', start), text.size());
    const std::string_view label = text.substr(start, end - start);
    if (label.empty() || !IsLowerOrDigit(label.front()) || !IsLowerOrDigit(label.back()) ||
        !std::all_of(label.begin(), label.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '-'; })) {
      return false;
    }
    start = end + 1;
  }
  return true;
}

const ContainerRegistryHost* FindContainerRegistryHost(std::string_view host) {
  const auto* const found =
      std::find_if(kContainerRegistryHosts.begin(), kContainerRegistryHosts.end(),
                   [&](const ContainerRegistryHost& known) { return known.host == host; });
  return found == kContainerRegistryHosts.end() ? nullptr : found;
}

std::optional<std::string> LocationOf(std::string_view host) {
  std::string_view location;
  if (host.ends_with(kDockerSuffix)) {
    location = host.substr(0, host.size() - kDockerSuffix.size());
  } else if (host.starts_with(kEndpointPrefix) && host.ends_with(kEndpointSuffix) &&
             host.size() > kEndpointPrefix.size() + kEndpointSuffix.size()) {
    location = host.substr(kEndpointPrefix.size(),
                           host.size() - kEndpointPrefix.size() - kEndpointSuffix.size());
  }
  if (!IsLabel(location, 2, 40)) return std::nullopt;
  return std::string(location);
}

Status Refuse(std::string message, std::string remedy) {
  return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_REFERENCE", std::move(message),
                   std::move(remedy));
}

Status RefuseHost(std::string_view host) {
  const std::string name(host);
  if (host.ends_with(".gcr.io")) {
    return Refuse(
        name + " holds public images of Google's own, and nobody else can push there",
        "Use gcr.io, us.gcr.io, eu.gcr.io or asia.gcr.io; or flavor default to read from " + name +
            ".");
  }
  if (host.ends_with(".pkg.dev") || host == "pkg.dev") {
    return Refuse(name + " is no Docker host of Artifact Registry",
                  "Docker repositories are at LOCATION-docker.pkg.dev, such as "
                  "us-central1-docker.pkg.dev or europe-docker.pkg.dev.");
  }
  return Refuse("Google's registries are LOCATION-docker.pkg.dev and gcr.io, not " + name,
                sdk::ForeignHostRemedy("Use such a host.", host));
}

// Takes the first part off `path`.
std::string_view TakePart(std::string_view& path) {
  const size_t slash = std::min(path.find('/'), path.size());
  const std::string_view part = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return part;
}

Status TakeProject(std::string_view& path, const std::string& form, std::string& project) {
  const std::string first(TakePart(path));
  if (first.empty()) {
    return Refuse("the project is missing: images live in " + form, "Use " + form + ".");
  }
  const bool has_domain = first.find('.') != first.npos;
  if (has_domain && !IsDomain(first)) {
    return Refuse("\"" + first + "\" is neither a project nor a domain", "Use " + form + ".");
  }
  const std::string id = has_domain ? std::string(TakePart(path)) : first;
  if (!IsProjectId(id)) {
    return Refuse("\"" + id +
                      "\" is no project ID: those have 6 to 30 lower-case letters, digits "
                      "and dashes, and begin with a letter",
                  "Take the project's ID, not its name or number: gcloud projects list.");
  }
  project = has_domain ? first + ":" + id : id;
  return Ok();
}

Status TakeRepository(std::string_view& path, const std::string& form, std::string& repository) {
  repository = TakePart(path);
  if (repository.empty()) {
    return Refuse("the repository is missing: Artifact Registry keeps images in " + form,
                  "Append a repository's name; gcloud artifacts repositories list shows them.");
  }
  // One that serves a gcr.io host has its name, and can be reached at pkg.dev as well.
  if (IsLabel(repository, 1, 63) || FindContainerRegistryHost(repository)) return Ok();
  return Refuse("\"" + repository +
                    "\" is no repository of Artifact Registry: those have up to 63 "
                    "lower-case letters, digits and dashes, and begin with a letter",
                "Use " + form + ".");
}

}  // namespace

std::string RepositoryName::Resource() const {
  return "projects/" + project + "/locations/" + location + "/repositories/" + id;
}

Status ParseRepository(std::string_view host, std::string_view path, RepositoryName& name) {
  const ContainerRegistryHost* const gcr = FindContainerRegistryHost(host);
  const auto location = gcr ? std::string(gcr->location) : LocationOf(host);
  if (!location) return RefuseHost(host);
  const std::string form = std::string(host) + (gcr ? "/<project>" : "/<project>/<repository>");
  RepositoryName parsed;
  parsed.location = *location;
  GANTRY_FLAVOR_TRY(TakeProject(path, form, parsed.project));
  if (gcr) {
    parsed.id = host;
  } else {
    GANTRY_FLAVOR_TRY(TakeRepository(path, form, parsed.id));
  }
  parsed.image = path;
  name = std::move(parsed);
  return Ok();
}

bool IsProject(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos) return IsProjectId(text);
  return IsDomain(text.substr(0, colon)) && IsProjectId(text.substr(colon + 1));
}

std::string RegistryUri(const RepositoryName& name) {
  std::string project = name.project;
  std::replace(project.begin(), project.end(), ':', '/');
  if (FindContainerRegistryHost(name.id)) return name.id + "/" + project;
  return name.location + std::string(kDockerSuffix) + "/" + project + "/" + name.id;
}

}  // namespace gantry::gcp
