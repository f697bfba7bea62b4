#include "plugins/gcp/token_info.h"

#include <cstdlib>

#include "plugins/sdk/json.h"

namespace gantry::gcp {
namespace {

// The service writes numbers as text.
int64_t Seconds(const sdk::Json& field) {
  return field.Integer() != 0 ? field.Integer() : std::atoll(field.Text().c_str());
}

}  // namespace

sdk::Status LookUpToken(const sdk::Call& call, const Endpoints& endpoints, AccessToken& token) {
  const std::string url = endpoints.TokenInfoUri();
  const int64_t now_ms = call.now_unix_ms();
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(
      PostForm(call, url, {{"access_token", std::string(token.value.Reveal())}}, response));
  if (response.status != 200) return OAuthRefusal(url, "the access token", response);
  token.looked_up = true;
  const sdk::Json answer = sdk::Json::Parse(response.body);
  if (token.identity.empty()) token.identity = answer["email"].Text();
  if (token.identity.empty()) token.identity = answer["sub"].Text();
  const int64_t seconds = Seconds(answer["expires_in"]);
  if (token.expires_unix_ms == 0 && seconds > 0 && seconds <= 12 * 3600) {
    token.expires_unix_ms = now_ms + seconds * 1000;
  }
  return sdk::Ok();
}

}  // namespace gantry::gcp
