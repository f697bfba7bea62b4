#include "plugins/gcp/image_removal.h"

#include "plugins/sdk/json.h"
#include "plugins/sdk/registry.h"

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

// Google's list has all manifests at once, each with its tags.
Status TagsOf(const sdk::Call& call, const sdk::Target& target, sdk::Json& tags) {
  sdk::HttpRequest request;
  request.url = "/v2/" + target.repository + "/tags/list";
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Registry(target, GANTRY_PULL, request, response));
  if (response.status != 200) {
    return sdk::RegistryRefusal(response, target, "listing the tags");
  }
  tags = sdk::Json::Parse(response.body)["manifest"][target.digest]["tag"];
  return Ok();
}

Status RemoveTag(const sdk::Call& call, const sdk::Target& target, const std::string& tag) {
  sdk::HttpRequest request;
  request.method = "DELETE";
  request.url = "/v2/" + target.repository + "/manifests/" + tag;
  request.flags = GANTRY_HTTP_IDEMPOTENT;
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(
      call.Registry(target, uint32_t{GANTRY_PULL} | GANTRY_DELETE, request, response));
  const bool gone = response.status / 100 == 2 || response.status == 404;
  return gone ? Ok() : sdk::RegistryRefusal(response, target, "removing tag " + tag);
}

}  // namespace

Status RemoveImage(const sdk::Call& call, const sdk::Target& target) {
  sdk::Target by_digest = target;
  if (by_digest.digest.empty()) GANTRY_FLAVOR_TRY(sdk::ResolveTag(call, target, by_digest.digest));
  by_digest.tag.clear();
  sdk::Json tags;
  GANTRY_FLAVOR_TRY(TagsOf(call, by_digest, tags));
  for (size_t i = 0; i < tags.size(); ++i) {
    GANTRY_FLAVOR_TRY(call.Check());
    GANTRY_FLAVOR_TRY(RemoveTag(call, by_digest, tags[i].Text()));
  }
  return sdk::RemoveManifest(call, by_digest);
}

}  // namespace gantry::gcp
