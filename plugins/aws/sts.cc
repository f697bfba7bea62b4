#include "plugins/aws/sts.h"

#include "plugins/aws/session_policy.h"
#include "plugins/aws/signed_call.h"
#include "plugins/aws/xml.h"
#include "plugins/sdk/timestamp.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::FormFields;
using sdk::Ok;
using sdk::Secret;
using sdk::Status;

Status AddLimits(const SessionRequest& session, FormFields& fields) {
  GANTRY_FLAVOR_TRY(CheckPolicyLength(session.policy, session.policy_arns));
  fields.emplace_back("DurationSeconds", std::to_string(session.duration_seconds));
  if (!session.policy.empty()) fields.emplace_back("Policy", session.policy);
  for (size_t i = 0; i < session.policy_arns.size(); ++i) {
    fields.emplace_back("PolicyArns.member." + std::to_string(i + 1) + ".arn",
                        session.policy_arns[i]);
  }
  return Ok();
}

}  // namespace

Status Sts::Ask(const Call& call, const AwsKeys* keys, const char* action, FormFields fields,
                std::string& answer) const {
  fields.insert(fields.begin(), {{"Action", action}, {"Version", "2011-06-15"}});
  sdk::HttpRequest request;
  request.method = "POST";
  GANTRY_FLAVOR_TRY(endpoints_.Find(call, Service::kSts, request.url));
  if (request.url.empty()) request.url = "https://" + host_ + "/";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = sdk::FormEncode(fields);
  request.flags = GANTRY_HTTP_SECRET_BODY;
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(SendToAws(call, {keys, region_, "sts"}, action, std::move(request), response));
  answer = std::move(response.body);
  return Ok();
}

Status Sts::AskForKeys(const Call& call, const AwsKeys* keys, const char* action, FormFields fields,
                       AwsKeys& out) const {
  std::string answer;
  GANTRY_FLAVOR_TRY(Ask(call, keys, action, std::move(fields), answer));
  out.access_key_id = XmlText(answer, "AccessKeyId");
  out.secret_access_key = Secret(XmlText(answer, "SecretAccessKey"));
  out.session_token = Secret(XmlText(answer, "SessionToken"));
  const auto expires = sdk::ParseTimestamp(XmlText(answer, "Expiration"));
  if (!out.empty() && !out.secret_access_key.empty() && expires) {
    out.expires_unix_ms = *expires;
    return Ok();
  }
  return sdk::MakeError(
      GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
      "STS answered " + std::string(action) + " without keys",
      "Check the connector's sts_endpoint_url or endpoint_url, and proxies on the way.");
}

Status Sts::GetCallerIdentity(const Call& call, const AwsKeys& keys, Caller& caller) const {
  std::string answer;
  GANTRY_FLAVOR_TRY(Ask(call, &keys, "GetCallerIdentity", {}, answer));
  caller = {XmlText(answer, "Account"), XmlText(answer, "Arn")};
  return Ok();
}

Status Sts::AssumeRole(const Call& call, const AwsKeys& keys, const SessionRequest& session,
                       AwsKeys& out) const {
  FormFields fields = {{"RoleArn", session.role_arn}, {"RoleSessionName", session.name}};
  GANTRY_FLAVOR_TRY(AddLimits(session, fields));
  if (!session.external_id.empty()) fields.emplace_back("ExternalId", session.external_id);
  return AskForKeys(call, &keys, "AssumeRole", std::move(fields), out);
}

Status Sts::AssumeRoleWithWebIdentity(const Call& call, const Secret& token,
                                      const SessionRequest& session, AwsKeys& out) const {
  FormFields fields = {{"RoleArn", session.role_arn},
                       {"RoleSessionName", session.name},
                       {"WebIdentityToken", std::string(token.Reveal())}};
  GANTRY_FLAVOR_TRY(AddLimits(session, fields));
  return AskForKeys(call, nullptr, "AssumeRoleWithWebIdentity", std::move(fields), out);
}

Status Sts::GetSessionToken(const Call& call, const AwsKeys& keys, int64_t duration_seconds,
                            AwsKeys& out) const {
  return AskForKeys(call, &keys, "GetSessionToken",
                    {{"DurationSeconds", std::to_string(duration_seconds)}}, out);
}

Status Sts::GetFederationToken(const Call& call, const AwsKeys& keys, const SessionRequest& session,
                               AwsKeys& out) const {
  FormFields fields = {{"Name", session.name.substr(0, 32)}};
  GANTRY_FLAVOR_TRY(AddLimits(session, fields));
  return AskForKeys(call, &keys, "GetFederationToken", std::move(fields), out);
}

}  // namespace gantry::aws
