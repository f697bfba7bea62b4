#include "plugins/gcp/external_account.h"

#include "plugins/gcp/impersonation.h"
#include "plugins/gcp/subject_token.h"

namespace gantry::gcp {

using sdk::Status;

Status ExternalAccountToken(const sdk::Call& call, const KeyFile& key, std::string_view scope,
                            AccessToken& token) {
  GANTRY_FLAVOR_TRY(RequireFields(key, {"audience", "subject_token_type", "token_url"}));
  const std::string url = key.json["token_url"].Text();
  Impersonation wanted{key.json["service_account_impersonation_url"].Text(), {}};
  const bool impersonates = !wanted.url.empty();
  const int64_t lifetime =
      key.json["service_account_impersonation"]["token_lifetime_seconds"].Integer();
  if (lifetime > 0) wanted.lifetime_seconds = lifetime;
  GANTRY_FLAVOR_TRY(RequireService(url, "sts", "/v1/token", key.source + ".token_url"));
  if (impersonates) {
    GANTRY_FLAVOR_TRY(RequireImpersonationUrl(wanted.url, key.source));
  }
  sdk::Secret subject;
  GANTRY_FLAVOR_TRY(ReadSubjectToken(call, key, subject));

  const std::string audience = key.json["audience"].Text();
  const int64_t now_ms = call.now_unix_ms();
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(PostForm(
      call, url,
      {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
       {"audience", audience},
       {"scope", impersonates ? "https://www.googleapis.com/auth/iam" : std::string(scope)},
       {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
       {"subject_token_type", key.json["subject_token_type"].Text()},
       {"subject_token", std::string(subject.Reveal())}},
      response));
  AccessToken federated;
  federated.identity = audience;
  federated.quota_project = key.json["quota_project_id"].Text();
  GANTRY_FLAVOR_TRY(ReadTokenAnswer(url, "the exchange of a token for " + audience, response,
                                    now_ms, scope, federated));
  if (impersonates) return Impersonate(call, wanted, federated, scope, token);
  token = std::move(federated);
  return sdk::Ok();
}

}  // namespace gantry::gcp
