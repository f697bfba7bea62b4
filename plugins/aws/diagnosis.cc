#include "plugins/aws/diagnosis.h"

#include "plugins/aws/repositories.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::Findings;
using sdk::Ok;
using sdk::Status;

void CheckAccount(const Caller& caller, const EcrHost& registry, Findings& findings) {
  if (registry.is_public || caller.account == registry.account) {
    findings.push_back({GANTRY_INFO, "identity", "", caller.arn, ""});
    return;
  }
  findings.push_back(
      {GANTRY_INFO, "identity", "",
       caller.arn + ", of account " + caller.account + "; the registry is account " +
           registry.account + "'s",
       "Check the account in the URI; if it is right, its repositories need a policy that allows " +
           caller.arn + "."});
}

void CheckLogin(const Call& call, const AwsKeys& keys, const EcrApi& api, Findings& findings) {
  EcrToken token;
  const Status status = api.GetAuthorizationToken(call, keys, token);
  // Any other failure the host's own login has met, too.
  if (status.code != GANTRY_PERMISSION_DENIED || status.host_said_why) return;
  findings.push_back({GANTRY_ERROR, "authorization-token", "connector", status.message,
                      "Allow ecr:GetAuthorizationToken on \"*\", in the role's policy and in those "
                      "of the organisation and of VPC endpoints."});
}

// AWS has no way to ask for one's rights that everybody may use: who may create shows when it is
// done.
void CheckRepository(const Call& call, const AwsKeys& keys, const EcrApi& api,
                     const std::string& arn, const std::string& name, bool create,
                     Findings& findings) {
  const Status status = api.DescribeRepository(call, keys, name);
  if (status.ok()) {
    findings.push_back({GANTRY_INFO, "repository", "", "the repository " + name + " is there", ""});
  } else if (status.code == GANTRY_NOT_FOUND && create) {
    findings.push_back({GANTRY_WARN, "push-right", "",
                        "there is no repository " + name + "; the next push creates it, if " + arn +
                            " is allowed ecr:CreateRepository",
                        ""});
  } else if (status.code == GANTRY_NOT_FOUND) {
    findings.push_back({GANTRY_WARN, "repository", "", "there is no repository " + name,
                        "Create it, or set create_repository=true on this registry."});
  } else if (status.code == GANTRY_PERMISSION_DENIED && !status.host_said_why) {
    findings.push_back({GANTRY_WARN, "repository", "", status.message,
                        "Allow ecr:DescribeRepositories, or ask who administers the registry."});
  }
}

}  // namespace

Status DiagnoseRegistry(const Call& call, const sdk::Config& config, const AwsKeys& keys,
                        const Sts& sts, const EcrApi& api, const std::string& repository,
                        Findings& findings) {
  Caller caller;
  GANTRY_FLAVOR_TRY(sts.GetCallerIdentity(call, keys, caller));
  CheckAccount(caller, api.registry(), findings);
  CheckLogin(call, keys, api, findings);
  // Each image is a repository of its own.
  if (!repository.empty()) {
    CheckRepository(call, keys, api, caller.arn, ApiName(api.registry(), repository),
                    config.fields()["create_repository"].Boolean(), findings);
  }
  return Ok();
}

}  // namespace gantry::aws
