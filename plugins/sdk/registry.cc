#include "plugins/sdk/registry.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "plugins/sdk/json.h"

namespace gantry::sdk {
namespace {

constexpr uint32_t kDefaultPage = 100, kMaxPage = 1000;
constexpr std::string_view kCut = "&cut";  // ends the tokens of CutPage; registries ignore it
constexpr char kManifestTypes[] =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

std::string Name(const Target& target) { return target.registry_host + "/" + target.repository; }

std::string ManifestPath(const Target& target, const std::string& reference) {
  return "/v2/" + target.repository + "/manifests/" + reference;
}

// A page token is the query of the registry's own link to the next page.  It comes back through
// clients, so it may add parameters, but no other path.
bool IsQuery(std::string_view token) {
  return token.size() <= 2048 && std::all_of(token.begin(), token.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '#' && c != '\\' && c != '"';
         });
}

// The tag after which the page of this token begins, in the distribution spec's words.
std::string_view LastOf(std::string_view page_token) {
  const size_t at = page_token.rfind("last=");
  if (at == page_token.npos) return {};
  return page_token.substr(at + 5, page_token.find('&', at) - at - 5);
}

// Registries before Distribution 3 know no pages of tags and answer with all, in no order.  Leaves the
// `n` tags after `last`, and returns the token of the page that follows, or nothing.
std::string CutPage(std::vector<std::string>& tags, std::string_view last, uint32_t n) {
  std::sort(tags.begin(), tags.end());
  tags.erase(tags.begin(), std::upper_bound(tags.begin(), tags.end(), last));
  if (tags.size() <= n) return {};
  tags.resize(n);
  return "n=" + std::to_string(n) + "&last=" + tags.back() + std::string(kCut);
}

// What the first of the body's "errors" says, or nothing (OCI distribution-spec, "Error codes").
std::string RegistryWords(const HttpResponse& response) {
  const Json error = Json::Parse(response.body)["errors"][size_t{0}];
  const std::string code = error["code"].Text(), message = error["message"].Text();
  const std::string words = code + (code.empty() || message.empty() ? "" : ": ") + message;
  return words.empty() ? "HTTP status " + std::to_string(response.status) : words;
}

struct Refusal {
  gantry_code code;
  const char* reason;
  const char* remedy;
};

Refusal Classify(int status) {
  switch (status) {
    case 401:
      return {GANTRY_FAILED_PRECONDITION, "UPSTREAM_AUTH_REJECTED",
              "Check the user name and the password or token of the connector."};
    case 403:
      return {GANTRY_PERMISSION_DENIED, "UPSTREAM_DENIED",
              "Give the account the right to do this in the registry."};
    case 404:
      return {GANTRY_NOT_FOUND, "REPOSITORY_NOT_FOUND",
              "Check the repository's name; it exists once something was pushed to it."};
    case 429:
      return {GANTRY_UNAVAILABLE, "UPSTREAM_THROTTLED", "Try again later."};
    default:
      break;
  }
  if (status >= 500) return {GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE", "Try again later."};
  return {GANTRY_FAILED_PRECONDITION, "UPSTREAM_REJECTED", ""};
}

}  // namespace

Status RegistryRefusal(const HttpResponse& response, const Target& target, std::string_view what) {
  const Refusal refusal = Classify(response.status);
  Status status =
      MakeError(refusal.code, refusal.reason,
                std::string(what) + " of " + Name(target) + " failed: " + target.registry_host +
                    " says " + RegistryWords(response),
                refusal.remedy);
  status.metadata = {{"httpStatus", std::to_string(response.status)},
                     {"registry", target.registry_host},
                     {"repository", target.repository}};
  status.retry_after_ms = response.RetryAfterMs();
  return status;
}

Status ListTags(const Call& call, const Target& target, std::string_view page_token,
                uint32_t page_size, Page& page) {
  if (!IsQuery(page_token)) {
    return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_ARGUMENT", "the page token is not valid",
                     "Leave it out to begin with the first page.");
  }
  const uint32_t n = page_size == 0 ? kDefaultPage : std::min(page_size, kMaxPage);
  HttpRequest request;
  request.url = "/v2/" + target.repository + "/tags/list?" +
                (page_token.empty() ? "n=" + std::to_string(n) : std::string(page_token));
  request.flags = GANTRY_HTTP_IDEMPOTENT;
  HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Registry(target, GANTRY_PULL, request, response));
  if (response.status != 200) return RegistryRefusal(response, target, "listing the tags");

  const Json body = Json::Parse(response.body);
  if (!body.is_object()) {
    return MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
                     target.registry_host + " answered the list of tags with something else",
                     "Check that the host is a registry and not a proxy's login page.");
  }
  const Json names = body["tags"];  // null for a repository without tags
  std::vector<std::string> tags;
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::string tag = names[i].Text(); !tag.empty()) tags.push_back(std::move(tag));
  }
  if (const auto next = NextLink(response)) {
    const size_t query = next->find('?');
    if (query != next->npos && IsQuery(next->substr(query + 1))) {
      page.next_page_token = next->substr(query + 1);
    }
  } else if (tags.size() > n || page_token.ends_with(kCut)) {
    page.next_page_token = CutPage(tags, LastOf(page_token), n);
  }
  for (std::string& tag : tags) {
    Image image;
    image.uri = Name(target) + ":" + tag;
    image.tags = {std::move(tag)};
    page.images.push_back(std::move(image));
  }
  return Ok();
}

Status ResolveTag(const Call& call, const Target& target, std::string& digest) {
  HttpRequest request;
  request.method = "HEAD";
  request.url = ManifestPath(target, target.tag);
  request.headers = {{"Accept", kManifestTypes}};
  request.flags = GANTRY_HTTP_IDEMPOTENT;
  HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Registry(target, GANTRY_PULL, request, response));
  if (response.status == 404) {
    return MakeError(GANTRY_NOT_FOUND, "IMAGE_NOT_FOUND",
                     Name(target) + ":" + target.tag + " is not in the registry");
  }
  if (response.status != 200) return RegistryRefusal(response, target, "looking up the tag");
  digest = response.Header("Docker-Content-Digest").value_or("");
  if (!digest.empty()) return Ok();
  return MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
                   target.registry_host + " does not say which digest " + target.tag + " has",
                   "Name the image by its digest.");
}

Status RemoveManifest(const Call& call, const Target& target) {
  std::string digest = target.digest;
  if (digest.empty() && target.tag.empty()) {
    return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_REFERENCE",
                     "neither a tag nor a digest was given", "Name the image to delete.");
  }
  if (digest.empty()) GANTRY_FLAVOR_TRY(ResolveTag(call, target, digest));

  HttpRequest request;
  request.method = "DELETE";
  request.url = ManifestPath(target, digest);
  request.flags = GANTRY_HTTP_IDEMPOTENT;
  HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Registry(target, GANTRY_PULL | GANTRY_DELETE, request, response));
  if (response.status >= 200 && response.status < 300) return Ok();
  if (response.status == 404) {
    return MakeError(GANTRY_NOT_FOUND, "IMAGE_NOT_FOUND",
                     Name(target) + "@" + digest + " is not in the registry");
  }
  if (response.status == 405) {
    return MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_REJECTED",
                     target.registry_host + " does not delete images: " + RegistryWords(response),
                     "Allow it in the registry (the CNCF registry: storage.delete.enabled), or use "
                     "the registry's own interface.");
  }
  return RegistryRefusal(response, target, "deleting an image");
}

}  // namespace gantry::sdk
