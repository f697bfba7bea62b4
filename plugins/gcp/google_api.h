// Requests to Google's JSON APIs, and their refusals.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/gcp/access_token.h"
#include "plugins/sdk/json.h"

namespace gantry::gcp {

// Sends with the token, and JSON if there is a body.
sdk::Status SendToGoogle(const sdk::Call& call, const AccessToken& token, sdk::HttpRequest request,
                         sdk::HttpResponse& response);

// {"error": {"code", "message", "status", "details": [{"reason"}]}} as an error; the upstream's
// code is the reason, where there is one, or the status (google.rpc.Code by name).
sdk::Status ApiRefusal(std::string_view url, std::string_view what,
                       const sdk::HttpResponse& response);

// Whether the refusal is for want of a right; Google also forbids (403) what is not enabled, or not
// in the token's scope.
bool LacksRight(const sdk::Status& refusal);

// The body of a testIamPermissions, and what of these its answer grants.
std::string PermissionsJson(const std::vector<std::string>& permissions);
std::vector<std::string> ReadPermissions(const sdk::Json& answer);

}  // namespace gantry::gcp
