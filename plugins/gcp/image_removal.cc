#include "plugins/gcp/image_removal.h"

#include "plugins/sdk/json.h"
#include "plugins/sdk/registry.h"

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

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

// Google's list has all manifests at once, each with its tags.
Status ListTagsOf(const sdk::Call& call, const sdk::Target& target,
                  std::vector<std::string>& tags) {
  sdk::HttpRequest request;
  request.url = "/v2/" + target.repository + "/tags/list";
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(call.Registry(target, GANTRY_PULL, request, response));
  if (response.status != 200) {
    return sdk::RegistryRefusal(response, target, "listing the tags");
  }
  const sdk::Json list = sdk::Json::Parse(response.body)["manifest"][target.digest]["tag"];
  for (size_t i = 0; i < list.size(); ++i) tags.push_back(list[i].Text());
  return Ok();
}

Status RemoveImage(const sdk::Call& call, const sdk::Target& target,
                   const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    GANTRY_FLAVOR_TRY(call.Check());
    GANTRY_FLAVOR_TRY(RemoveTag(call, target, tag));
  }
  return sdk::RemoveManifest(call, target);
}

}  // namespace gantry::gcp
