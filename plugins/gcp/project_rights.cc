#include "plugins/gcp/project_rights.h"

#include "plugins/gcp/google_api.h"

namespace gantry::gcp {

using sdk::Status;

Status TestProjectPermissions(const sdk::Call& call, const AccessToken& token,
                              const std::string& project,
                              const std::vector<std::string>& permissions,
                              std::vector<std::string>& granted) {
  sdk::HttpRequest request;
  request.method = "POST";
  request.url =
      "https://cloudresourcemanager.googleapis.com/v1/projects/" + project + ":testIamPermissions";
  request.body = PermissionsJson(permissions);
  request.flags = GANTRY_HTTP_IDEMPOTENT;
  const std::string url = request.url;
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(SendToGoogle(call, token, std::move(request), response));
  if (response.status != 200) {
    return ApiRefusal(url, "to test permissions on project " + project, response);
  }
  granted = ReadPermissions(sdk::Json::Parse(response.body));
  return sdk::Ok();
}

}  // namespace gantry::gcp
