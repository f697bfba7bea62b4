#include "plugins/gcp/google_api.h"

#include "plugins/sdk/upstream_error.h"

namespace gantry::gcp {

using sdk::Json;
using sdk::Status;

Status SendToGoogle(const sdk::Call& call, const AccessToken& token, sdk::HttpRequest request,
                    sdk::HttpResponse& response) {
  request.headers.emplace_back("Authorization", "Bearer " + std::string(token.value.Reveal()));
  request.headers.emplace_back("Accept", "application/json");
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!token.quota_project.empty()) {
    request.headers.emplace_back("X-Goog-User-Project", token.quota_project);
  }
  request.flags |= GANTRY_HTTP_NO_REDIRECT;
  return call.Http(request, response);
}

Status ApiRefusal(std::string_view url, std::string_view what, const sdk::HttpResponse& response) {
  const Json error = Json::Parse(response.body)["error"];
  std::string code = error["status"].Text();
  for (size_t i = 0; i < error["details"].size(); ++i) {
    if (const std::string reason = error["details"][i]["reason"].Text(); !reason.empty()) {
      code = reason;
      break;
    }
  }
  return sdk::UpstreamError(sdk::HostOf(url), what, response, code, error["message"].Text());
}

bool LacksRight(const Status& refusal) {
  const std::string_view code = sdk::MetadataOf(refusal, "upstreamCode");
  return code == "PERMISSION_DENIED" || code == "IAM_PERMISSION_DENIED";
}

std::string PermissionsJson(const std::vector<std::string>& permissions) {
  std::string quoted;
  for (const std::string& permission : permissions) {
    quoted += (quoted.empty() ? "" : ",") + sdk::JsonQuote(permission);
  }
  return "{\"permissions\":[" + quoted + "]}";
}

std::vector<std::string> ReadPermissions(const Json& answer) {
  std::vector<std::string> granted;
  const Json list = answer["permissions"];
  for (size_t i = 0; i < list.size(); ++i) granted.push_back(list[i].Text());
  return granted;
}

}  // namespace gantry::gcp
