#include "plugins/gcp/authorized_user.h"

namespace gantry::gcp {

using sdk::Status;

Status AuthorizedUserToken(const sdk::Call& call, const Endpoints& endpoints, const KeyFile& key,
                           std::string_view scope, AccessToken& token) {
  GANTRY_FLAVOR_TRY(RequireFields(key, {"client_id", "client_secret", "refresh_token"}));
  const std::string url = endpoints.token_uri.empty() ? kTokenUri : endpoints.token_uri;
  const auto ask = [&](bool narrow) {
    sdk::FormFields fields{{"grant_type", "refresh_token"},
                           {"client_id", key.json["client_id"].Text()},
                           {"client_secret", key.json["client_secret"].Text()},
                           {"refresh_token", key.json["refresh_token"].Text()}};
    if (narrow) fields.emplace_back("scope", scope);
    const int64_t now_ms = call.now_unix_ms();
    sdk::HttpResponse response;
    GANTRY_FLAVOR_TRY(PostForm(call, url, fields, response));
    return ReadTokenAnswer(url, "the user's refresh token", response, now_ms, narrow ? scope : "",
                           token);
  };
  token.quota_project = key.json["quota_project_id"].Text();
  token.project = token.quota_project;
  const bool narrow = scope != kFullScope;
  Status status = ask(narrow);
  return narrow && ScopeRefused(status) ? ask(false) : status;
}

}  // namespace gantry::gcp
