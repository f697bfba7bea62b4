#include "plugins/aws/check_config.h"

#include <string>
#include <vector>

#include "plugins/aws/ecr_host.h"
#include "plugins/aws/endpoints.h"
#include "plugins/aws/session_policy.h"
#include "plugins/sdk/json.h"

namespace gantry::aws {
namespace {

using sdk::Config;
using sdk::Findings;

void Refuse(Findings& findings, const char* field, std::string message, std::string remedy) {
  findings.push_back({GANTRY_ERROR, field, field, std::move(message), std::move(remedy)});
}

void CheckUri(const Config& config, Findings& findings) {
  const auto registry = EcrHost::Parse(config.host());
  if (!registry) {
    Refuse(findings, "uri", config.host() + " is not a registry of Amazon ECR",
           sdk::ForeignHostRemedy("Use <account>.dkr.ecr.<region>.amazonaws.com with the twelve "
                                  "digits of the account, or public.ecr.aws/<alias>.",
                                  config.host()));
  } else if (registry->is_public && config.path().empty()) {
    Refuse(
        findings, "uri", "the alias is missing: images live in public.ecr.aws/<alias>",
        "Put the alias of your public registry behind public.ecr.aws/; the ECR console shows it.");
  }
}

void CheckRegion(const Config& config, Findings& findings) {
  const std::string region = config.connector_fields()["region"].Text();
  const auto registry = EcrHost::Parse(config.host());
  if (!registry || registry->is_public || region.empty() || region == registry->region) return;
  findings.push_back({GANTRY_WARN, "region", "connector.region",
                      "the connector names the region " + region + ", but this registry is in " +
                          registry->region + ", which is used",
                      "Leave the connector's region out: the registry's host names it."});
}

void CheckCreation(const std::string& host, const sdk::Json& fields, Findings& findings) {
  const auto registry = EcrHost::Parse(host);
  for (const char* option : {"image_tag_mutability", "scan_on_push", "encryption_type", "kms_key"}) {
    if (!registry || !registry->is_public || !fields[option]) continue;
    Refuse(findings, option, std::string(option) + " is a setting of private repositories",
           "Leave it out: public repositories have mutable tags and Amazon's own encryption.");
  }
  const std::string type = fields["encryption_type"].Text();
  if (!fields["kms_key"].Text().empty() && (type.empty() || type == "AES256")) {
    Refuse(findings, "kms_key", "kms_key needs the encryption_type KMS or KMS_DSSE",
           "Set encryption_type=KMS, or leave kms_key out.");
  }
  if (fields["create_repository"].Boolean()) return;
  for (const char* option :
       {"image_tag_mutability", "scan_on_push", "encryption_type", "kms_key", "repository_tags"}) {
    if (!fields[option]) continue;
    Refuse(findings, option, std::string(option) + " is for repositories that Gantry creates",
           "Set create_repository=true, or leave it out.");
  }
}

// The registry whose pulls a session may be narrowed to; while none is known, one that stands for
// it.
EcrHost RegistryOf(const Config& config) {
  if (const auto named = EcrHost::Parse(config.host())) return *named;
  const std::string region = config.connector_fields()["region"].Text();
  EcrHost registry = EcrHost::OfRegion(region.empty() ? "us-east-1" : region);
  registry.account = "000000000000";
  return registry;
}

// As the connector wants its sessions, and as they are narrowed for what is handed out: to all
// repositories here; to one with a longer name it is checked when that is asked for.
void CheckPolicies(const Config& config, const std::string& policy, Findings& findings) {
  const sdk::Json named = config.connector_fields()["policy_arns"];
  std::vector<std::string> arns;
  for (size_t i = 0; i < named.size(); ++i) arns.push_back(named[i].Text());
  if (policy.empty() && arns.empty()) return;
  const char* const field = policy.empty() ? "connector.policy_arns" : "connector.policy";
  const sdk::Status plain = CheckPolicyLength(policy, arns);
  if (!plain.ok()) return Refuse(findings, field, plain.message, plain.remedy);
  const sdk::Status narrowed =
      CheckPolicyLength(PullPolicy(RegistryOf(config), "*", policy, !arns.empty()), arns);
  if (narrowed.ok()) return;
  Refuse(findings, field,
         "with the statements that narrow it to pulls, where a credential is handed out, " +
             narrowed.message,
         narrowed.remedy);
}

void CheckConnector(const Config& config, Findings& findings) {
  if (config.connector_type() != "aws") {
    Refuse(findings, "connector",
           "ECR is logged in to with a connector of type aws, not " + config.connector_type(),
           "Link a connector of type aws.");
    return;
  }
  const sdk::Json fields = config.connector_fields();
  if (config.auth_method() == "implicit" && fields["role_arn"].Text().empty() &&
      (fields["policy"] || fields["policy_arns"] || fields["external_id"])) {
    Refuse(findings, "connector.role_arn", "policies and external_id are for a role to assume",
           "Set role_arn too, or leave them out.");
  }
  CheckEndpoints(config, findings);
  const std::string policy = fields["policy"].Text();
  if (!policy.empty() && !sdk::Json::Parse(policy)["Statement"]) {
    Refuse(findings, "connector.policy", "the session policy is no IAM policy in JSON",
           "Give it a member \"Statement\", as IAM's policies have.");
  } else {
    CheckPolicies(config, policy, findings);
  }
}

}  // namespace

void CheckConfig(const Config& config, Findings& findings) {
  if (!config.uri().empty()) {
    CheckUri(config, findings);
    CheckRegion(config, findings);
    CheckCreation(config.host(), config.fields(), findings);
  }
  if (config.has_connector()) CheckConnector(config, findings);
}

}  // namespace gantry::aws
