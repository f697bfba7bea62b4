#include "gantryd/registries/feature_probe.h"

#include <fmt/format.h>

#include <optional>

#include "base/status.h"
#include "oci/manifest.h"

namespace gantry {
namespace {

constexpr const char* kYes = "yes";
constexpr const char* kNo = "no";
constexpr const char* kNotAllowed = "not allowed";
constexpr const char* kNotKnown = "not known";

const Digest& Nothing() {
  static const Digest digest = Digest::Of("not a manifest: a look at what this registry can do");
  return digest;
}

// Distribution spec, "Listing Referrers": a registry that has the API answers with an index, also
// where there is nothing to list.
const char* ProbeReferrers(const CallContext& call, RegistryClient& client,
                           const std::string& repository) {
  RegistryRequest request;
  request.path = fmt::format("/v2/{}/referrers/{}", repository, Nothing().text());
  request.repository = repository;
  const auto answer = client.Do(call, request);
  if (!answer.ok()) return kNotKnown;
  const std::string type = answer->headers.Get("Content-Type").value_or("");
  return answer->status == 200 && type.find(media_type::kOciIndex) == 0 ? kYes : kNo;
}

const char* ProbeDelete(const CallContext& call, RegistryClient& client,
                        const std::string& repository) {
  RegistryRequest request;
  request.method = "DELETE";
  request.path = fmt::format("/v2/{}/manifests/{}", repository, Nothing().text());
  request.repository = repository;
  request.actions = {.pull = true, .remove = true};
  const auto answer = client.Do(call, request);
  if (!answer.ok()) {
    return answer.status().code() == absl::StatusCode::kPermissionDenied ? kNotAllowed : kNotKnown;
  }
  const int status = answer->status;
  if (status == 404 || status == 202) return kYes;
  if (status == 401 || status == 403) return kNotAllowed;
  return status == 400 || status == 405 || status == 501 ? kNo : kNotKnown;
}

// A blob of an image; of a multi-platform one, of its first platform.
std::optional<Digest> BlobOf(const CallContext& call, RegistryClient& client,
                             const std::string& repository, std::string reference) {
  constexpr int kMaxDepth = 3;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const auto found = client.GetManifest(call, repository, reference);
    if (!found.ok()) return std::nullopt;
    const auto manifest = Manifest::Parse(found->bytes, found->media_type);
    if (!manifest.ok()) return std::nullopt;
    if (manifest->config) return manifest->config->digest;
    if (manifest->manifests.empty()) return std::nullopt;
    reference = manifest->manifests.front().digest.text();
  }
  return std::nullopt;
}

const char* ProbeMount(const CallContext& call, RegistryClient& client,
                       const std::string& repository, const std::string& tag) {
  // To GET a manifest is a pull, and some registries allow few: those tell it to who asks by HEAD.
  RegistryRequest look;
  look.method = "HEAD";
  look.path = fmt::format("/v2/{}/manifests/{}", repository, tag);
  look.repository = repository;
  const auto seen = client.Do(call, look);
  if (!seen.ok() || seen->headers.Get("ratelimit-limit")) return kNotKnown;
  const auto blob = BlobOf(call, client, repository, tag);
  if (!blob) return kNotKnown;
  const auto opened = client.Mount(call, repository, *blob, repository);
  if (!opened.ok()) return kNotKnown;
  if (!*opened) return kYes;
  client.CancelUpload(call, repository, **opened);
  return kNo;
}

}  // namespace

std::string ProbeFeatures(const CallContext& call, RegistryClient& client,
                          const std::string& repository, const std::string& tag) {
  const char* mounts = tag.empty() ? kNotKnown : ProbeMount(call, client, repository, tag);
  return fmt::format("referrers API: {}; deletes: {}; mounts: {}",
                     ProbeReferrers(call, client, repository),
                     ProbeDelete(call, client, repository), mounts);
}

}  // namespace gantry
