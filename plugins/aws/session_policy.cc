#include "plugins/aws/session_policy.h"

#include <algorithm>

#include "plugins/sdk/json.h"

namespace gantry::aws {
namespace {

using sdk::Json;
using sdk::JsonQuote;

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, "Policy".
constexpr size_t kMaxPlainText = 2048;

constexpr char kLogin[] = R"("ecr:GetAuthorizationToken")";
constexpr char kPublicLogin[] = R"("ecr-public:GetAuthorizationToken","sts:GetServiceBearerToken")";
constexpr char kPull[] =
    R"("ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability")";

std::string Statement(std::string_view effect, std::string_view action_key,
                      std::string_view actions, std::string_view resource_key,
                      std::string_view resource) {
  return R"({"Effect":")" + std::string(effect) + R"(",")" + std::string(action_key) + R"(":[)" +
         std::string(actions) + R"(],")" + std::string(resource_key) + R"(":)" +
         JsonQuote(resource) + "}";
}

std::string Policy(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}

// The statements of a policy, as they would stand in another one's list.
std::string StatementsOf(std::string_view policy) {
  const Json statement = Json::Parse(policy)["Statement"];
  if (!statement.is_array()) return statement.Dump();
  std::string list;
  for (size_t i = 0; i < statement.size(); ++i) {
    list += (i == 0 ? "" : ",") + statement[i].Dump();
  }
  return list;
}

// Of UTF-8, not its bytes.
size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string PullPolicy(const EcrHost& registry, std::string_view repository,
                       std::string_view within, bool within_managed) {
  const std::string login = registry.is_public ? kPublicLogin : kLogin;
  const std::string allowed = registry.is_public ? login : login + "," + kPull;
  const std::string arn = RepositoryArn(registry, repository);
  if (within.empty() && !within_managed) {
    std::string statements = Statement("Allow", "Action", login, "Resource", "*");
    if (!registry.is_public)
      statements += "," + Statement("Allow", "Action", kPull, "Resource", arn);
    return Policy(statements);
  }
  // Policies of one session add up, so what narrows another must deny.
  std::string statements = within.empty() ? "" : StatementsOf(within) + ",";
  statements += Statement("Deny", "NotAction", allowed, "Resource", "*");
  if (!registry.is_public)
    statements += "," + Statement("Deny", "Action", kPull, "NotResource", arn);
  return Policy(statements);
}

sdk::Status CheckPolicyLength(std::string_view policy, const std::vector<std::string>& arns) {
  size_t length = Characters(policy);
  for (const std::string& arn : arns) length += Characters(arn);
  if (length <= kMaxPlainText) return sdk::Ok();
  return sdk::ConnectorUnusable(
      "the policies of one session have " + std::to_string(length) +
          " characters together, and AWS takes " + std::to_string(kMaxPlainText),
      "Shorten policy by " + std::to_string(length - kMaxPlainText) +
          " characters, or make it a managed policy and name that in policy_arns.");
}

std::string RegistryPolicy(const EcrHost& registry) {
  if (registry.is_public) {
    return Policy(Statement("Allow", "Action", std::string(kPublicLogin) + R"(,"ecr-public:*")",
                            "Resource", "*"));
  }
  constexpr char kWork[] =
      R"(,"ecr:InitiateLayerUpload","ecr:UploadLayerPart","ecr:CompleteLayerUpload","ecr:PutImage",)"
      R"("ecr:ListImages","ecr:DescribeImages","ecr:BatchDeleteImage","ecr:DescribeRepositories",)"
      R"("ecr:CreateRepository","ecr:TagResource")";
  // ECR asks them of who creates a repository that a key of the customer's encrypts.
  constexpr char kKeys[] = R"("kms:CreateGrant","kms:DescribeKey","kms:RetireGrant")";
  return Policy(Statement("Allow", "Action", std::string(kLogin) + "," + kKeys, "Resource", "*") +
                "," +
                Statement("Allow", "Action", std::string(kPull) + kWork, "Resource",
                          RepositoryArn(registry, "*")));
}

}  // namespace gantry::aws
