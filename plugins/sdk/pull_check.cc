#include "plugins/sdk/pull_check.h"

#include "plugins/sdk/registry.h"

namespace gantry::sdk {
namespace {

constexpr char kCheck[] = "pull-right";

}  // namespace

Status CheckPull(const Call& call, const Target& target, Findings& findings) {
  if (target.repository.empty()) return Ok();
  const std::string name = target.registry_host + "/" + target.repository;
  HttpRequest request;
  request.url = "/v2/" + target.repository + "/tags/list?n=1";
  request.flags = GANTRY_HTTP_IDEMPOTENT;
  HttpResponse response;
  const Status asked = call.Registry(target, GANTRY_PULL, request, response);
  const bool denied = asked.ok() ? response.status == 401 || response.status == 403
                                 : asked.code == GANTRY_PERMISSION_DENIED;
  if (denied) {
    findings.push_back({GANTRY_WARN, kCheck, "",
                        name + " is not there, or this login may not pull from it",
                        "If it is there, give the account or token the right to read it; if not, "
                        "the first push creates it."});
    return Ok();
  }
  GANTRY_FLAVOR_TRY(asked);
  if (response.status == 200) {
    findings.push_back({GANTRY_INFO, kCheck, "", "this login may pull from " + name, ""});
  } else if (response.status == 404) {
    findings.push_back(
        {GANTRY_INFO, kCheck, "", name + " is not there yet, or hidden from this login", ""});
  } else {
    return RegistryRefusal(response, target, "listing the tags");
  }
  return Ok();
}

}  // namespace gantry::sdk
