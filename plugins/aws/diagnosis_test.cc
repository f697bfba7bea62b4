// What the flavor finds out about a login, an account and a repository.
#include "plugins/aws/aws_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(AwsFlavor, LooksForTheRepositoryThatIsDiagnosed) {
  ASSERT_TRUE(flavor_.Open(Config(kHost, "secret-key")).ok());
  const auto checks = [&](const std::string& repository) {
    std::vector<sdk::Finding> findings;
    EXPECT_TRUE(flavor_.Diagnose({kHost, repository, "", ""}, &findings).ok());
    std::string names;
    for (const sdk::Finding& f : findings) names += f.check + " ";
    return names + (findings.empty() ? "" : findings.back().message);
  };
  EXPECT_EQ(checks(""), "identity arn:aws:iam::123456789012:user/me");
  EXPECT_EQ(checks("team/app"), "identity repository the repository team/app is there");
  EXPECT_EQ(last_body_, R"({"repositoryNames":["team/app"],"registryId":"123456789012"})");
  once_["DescribeRepositories"] = Refusal("RepositoryNotFoundException", "none");
  EXPECT_EQ(checks("team/app"), "identity repository there is no repository team/app");
}

TEST_F(AwsFlavor, DiagnosesLoginAccountAndRepository) {
  const auto diagnose = [this](const std::string& config = "{}") {
    flavor_.Close();
    EXPECT_TRUE(flavor_.Open(Config(kHost, "secret-key", "", config)).ok());
    std::vector<sdk::Finding> findings;
    EXPECT_TRUE(flavor_.Diagnose({kHost, "team/app", "", ""}, &findings).ok());
    return findings;
  };
  const auto absent = Refusal("RepositoryNotFoundException", "none");
  const auto denied = [](const std::string& action) {
    return Refusal("AccessDeniedException", "not authorized to perform: " + action);
  };
  const auto level = [](const std::vector<sdk::Finding>& findings, const std::string& check) {
    for (const sdk::Finding& f : findings) {
      if (f.check == check) return f.level;
    }
    return 0;
  };

  EXPECT_EQ(level(diagnose(), "repository"), GANTRY_INFO);
  EXPECT_EQ(level(diagnose(), "authorization-token"), 0);

  once_["DescribeRepositories"] = absent;
  auto findings = diagnose();
  EXPECT_EQ(level(findings, "repository"), GANTRY_WARN);
  EXPECT_THAT(findings.back().remedy, HasSubstr("create_repository=true"));

  once_["DescribeRepositories"] = absent;
  findings = diagnose(R"({"create_repository": true})");
  EXPECT_EQ(level(findings, "push-right"), GANTRY_WARN) << "which excuses that of the host";
  EXPECT_THAT(findings.back().message, HasSubstr("user/me is allowed ecr:CreateRepository"));
  EXPECT_EQ(level(findings, "repository"), 0);

  once_["DescribeRepositories"] = denied("ecr:DescribeRepositories");
  findings = diagnose();
  EXPECT_EQ(level(findings, "repository"), GANTRY_WARN);
  EXPECT_THAT(findings.back().remedy, HasSubstr("Allow ecr:DescribeRepositories"));

  once_["GetAuthorizationToken"] = denied("ecr:GetAuthorizationToken");
  findings = diagnose();
  EXPECT_EQ(level(findings, "authorization-token"), GANTRY_ERROR);

  once_["GetAuthorizationToken"] = Refusal("ServerException", "for a while");
  EXPECT_EQ(level(diagnose(), "authorization-token"), 0) << "the host's own login has met it";

  once_["GetCallerIdentity"] = {
      200, {}, "<Arn>arn:aws:iam::999999999999:user/me</Arn><Account>999999999999</Account>"};
  findings = diagnose();
  EXPECT_THAT(findings.front().remedy, HasSubstr("need a policy"));
}

}  // namespace
}  // namespace gantry::testing
