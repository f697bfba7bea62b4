#include "plugins/aws/login.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "plugins/aws/aws_error.h"
#include "plugins/aws/endpoints.h"
#include "plugins/aws/machine_login.h"
#include "plugins/aws/session_policy.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::Ok;
using sdk::Status;

// Lives of sessions when the connector does not say: of a role, and of a user's own, which STS lets
// live longer.
constexpr int64_t kHour = 3600, kHalfDay = 43'200;

bool SaysStale(const Status& status) {
  const std::string_view code = AwsCodeOf(status);
  return code == "ExpiredTokenException" || code == "ExpiredToken" ||
         code == "UnrecognizedClientException" || code == "InvalidClientTokenId";
}

}  // namespace

Status AwsLogin::WithKeys(const Call& call, const EcrHost& registry, const UseOfKeys& use) {
  const auto fetch = [&](Cache::Entry& fetched) {
    auto fresh = std::make_shared<AwsKeys>();
    bool narrowed = false;
    GANTRY_FLAVOR_TRY(Fetch(call, registry, "", *fresh, narrowed));
    fetched.expires_unix_ms = fresh->expires_unix_ms;
    fetched.value = std::move(fresh);
    return Ok();
  };
  return kept_.With(call, "", fetch, SaysStale,
                    [&](const Cache::Entry& entry) { return use(*entry.value); });
}

Status AwsLogin::WithPullKeys(const Call& call, const EcrHost& registry,
                              std::string_view repository, const UseOfKeys& use, bool& narrowed) {
  const bool managed = config_.connector_fields()["policy_arns"].size() > 0;
  const std::string policy = PullPolicy(registry, repository, Field("policy"), managed);
  AwsKeys keys;
  GANTRY_FLAVOR_TRY(Fetch(call, registry, policy, keys, narrowed));
  if (!narrowed) {
    call.Log(GANTRY_WARN,
             "the credential that is handed out can do all that the connector can: its method "
             "has no session policies, or may not use them");
  }
  return use(keys);
}

Status AwsLogin::Fetch(const Call& call, const EcrHost& registry, const std::string& pull_policy,
                       AwsKeys& keys, bool& narrowed) const {
  const std::string method = config_.auth_method();
  const Sts sts = StsOf(registry);
  narrowed = false;
  if (method == "implicit") return FromMachine(call, sts, pull_policy, keys, narrowed);
  SessionRequest session = Session(pull_policy);
  if (method == "web-identity") {
    narrowed = true;
    return WebIdentityLogin(call, sts, std::move(session), Field("web_identity_token_file"), keys);
  }
  AwsKeys own;
  GANTRY_FLAVOR_TRY(ReadConnectorKeys(call, own));
  if (method == "sts-token") {
    keys = std::move(own);
    return Ok();
  }
  if (method == "iam-role") {
    narrowed = true;
    return sts.AssumeRole(call, own, session, keys);
  }
  if (method == "federation-token") {
    // A federated session without a policy may do nothing.
    if (session.policy.empty() && session.policy_arns.empty()) {
      session.policy = RegistryPolicy(registry);
    }
    narrowed = true;
    return sts.GetFederationToken(call, own, session, keys);
  }
  if (method == "session-token" && pull_policy.empty()) {
    return sts.GetSessionToken(call, own, session.duration_seconds, keys);
  }
  return FromLongLived(call, sts, std::move(own), pull_policy, keys, narrowed);
}

Status AwsLogin::FromMachine(const Call& call, const Sts& sts, const std::string& pull_policy,
                             AwsKeys& keys, bool& narrowed) const {
  AwsKeys own;
  const bool role = !Field("role_arn").empty();
  GANTRY_FLAVOR_TRY(
      MachineLogin(call, sts, Field("profile_name"), role ? "" : pull_policy, own, narrowed));
  if (role) {
    narrowed = true;
    return sts.AssumeRole(call, own, Session(pull_policy), keys);
  }
  if (narrowed || !own.session_token.empty()) {
    keys = std::move(own);
    return Ok();
  }
  return FromLongLived(call, sts, std::move(own), pull_policy, keys, narrowed);
}

Status AwsLogin::FromLongLived(const Call& call, const Sts& sts, AwsKeys long_lived,
                               const std::string& pull_policy, AwsKeys& keys,
                               bool& narrowed) const {
  if (!pull_policy.empty()) {
    Status status = sts.GetFederationToken(call, long_lived, Session(pull_policy), keys);
    narrowed = status.ok();
    // Not every user may federate; a registry token is still better than the keys themselves.
    if (status.code != GANTRY_PERMISSION_DENIED) return status;
  }
  keys = std::move(long_lived);
  return Ok();
}

Status AwsLogin::ReadConnectorKeys(const Call& call, AwsKeys& keys) const {
  keys.access_key_id = Field("aws_access_key_id");
  Status read = call.ReadSecret("aws_secret_access_key", keys.secret_access_key);
  if (read.ok() && config_.auth_method() == "sts-token") {
    read = call.ReadSecret("aws_session_token", keys.session_token);
    keys.expires_unix_ms = config_.connector_expires_unix_ms();
  }
  if (read.code == GANTRY_NOT_FOUND || (read.ok() && keys.empty())) {
    return sdk::ConnectorUnusable("the connector lacks a part of its access key",
                                  "Update the connector with all fields of its method.");
  }
  return read;
}

SessionRequest AwsLogin::Session(const std::string& pull_policy) const {
  const sdk::Json fields = config_.connector_fields();
  SessionRequest session;
  session.role_arn = Field("role_arn");
  session.external_id = Field("external_id");
  if (const std::string name = Field("role_session_name"); !name.empty()) session.name = name;
  session.policy = pull_policy.empty() ? Field("policy") : pull_policy;
  const sdk::Json arns = fields["policy_arns"];
  for (size_t i = 0; i < arns.size(); ++i) session.policy_arns.push_back(arns[i].Text());
  const bool long_by_default =
      config_.auth_method() == "session-token" || config_.auth_method() == "federation-token";
  session.duration_seconds = long_by_default ? kHalfDay : kHour;
  if (const int64_t wanted = fields["duration_seconds"].Integer(); wanted > 0) {
    session.duration_seconds = wanted;
  }
  if (!pull_policy.empty()) session.duration_seconds = std::min(session.duration_seconds, kHour);
  return session;
}

Sts AwsLogin::StsOf(const EcrHost& registry) const {
  return {Endpoints::Of(config_), registry.sts_host(), registry.region};
}

std::string AwsLogin::Field(std::string_view name) const {
  return config_.connector_fields()[name].Text();
}

}  // namespace gantry::aws
