#include "plugins/azure/azure_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Connectivity : public AzureWorld {
 protected:
  Connectivity() { answers_[kPing] = {401, {{"WWW-Authenticate", kChallenge}}, ""}; }

  std::vector<sdk::Finding> Diagnose(const std::string& config,
                                     const std::string& repository = "") {
    std::vector<sdk::Finding> findings;
    flavor_.Close();
    EXPECT_TRUE(flavor_.Open(config).ok());
    outcome_ = flavor_.Diagnose({kHost, repository, "", ""}, &findings);
    return findings;
  }
  static std::vector<std::string> Checks(const std::vector<sdk::Finding>& findings) {
    std::vector<std::string> checks;
    for (const auto& finding : findings) checks.push_back(finding.check);
    return checks;
  }

  static constexpr char kPing[] = "https://myregistry.azurecr.io/v2/";
  static constexpr char kChallenge[] =
      R"(Bearer realm="https://myregistry.azurecr.io/oauth2/token",service="myregistry.azurecr.io")";
  Outcome outcome_;
};

TEST_F(Connectivity, TellsFourStepsApart) {
  answers_[kToken].body = R"({"access_token":")" + AccessToken(R"(["pull","push"])") + "\"}";
  const auto findings = Diagnose(ServicePrincipal("myregistry.azurecr.io/team"));
  EXPECT_THAT(Checks(findings), ElementsAre("challenge", "entra-login", "registry-login", "roles"));
  for (const auto& finding : findings) EXPECT_EQ(finding.level, GANTRY_INFO) << finding.message;
  EXPECT_THAT(findings[1].message, HasSubstr("application c-1, object o-1, tenant t-1"));
  EXPECT_THAT(seen_.back().body,
              HasSubstr("scope=repository%3Ateam%2Fgantry-diagnose%3Apull%2Cpush"));
}

TEST_F(Connectivity, TellsAMissingRoleFromABadLogin) {
  auto findings = Diagnose(ServicePrincipal());
  EXPECT_EQ(findings.back().level, GANTRY_WARN);
  EXPECT_EQ(findings.back().message, "the identity may pull, but not push");
  EXPECT_EQ(findings.back().remedy, "Grant it AcrPush on myregistry.azurecr.io.");

  answers_[kToken].body = R"({"access_token":")" + AccessToken("[]") + "\"}";
  findings = Diagnose(ServicePrincipal());
  EXPECT_THAT(findings.back().message, HasSubstr("neither pull nor push"));

  answers_[kExchange].body =
      R"({"refresh_token":")" + RefreshToken(R"("aad_identity":"x",)") + "\"}";
  findings = Diagnose(ServicePrincipal());
  EXPECT_THAT(findings.back().message, HasSubstr("ABAC mode"));
  EXPECT_THAT(findings.back().remedy, HasSubstr("Container Registry Repository Writer"));

  answers_[kExchange] = {401, {}, R"({"errors":[{"code":"UNAUTHORIZED","message":"no"}]})"};
  Diagnose(ServicePrincipal());
  EXPECT_EQ(outcome_.reason(), "UPSTREAM_AUTH_REJECTED");
}

TEST_F(Connectivity, AsksForTheRepositoryThatIsNamed) {
  const std::string config = ServicePrincipal("myregistry.azurecr.io/team");
  auto findings = Diagnose(config, "team/app");
  EXPECT_THAT(seen_.back().body, HasSubstr("scope=repository%3Ateam%2Fapp%3Apull%2Cpush"));
  EXPECT_EQ(findings.back().message, "the identity may pull team/app, but not push");
  EXPECT_EQ(findings.back().remedy, "Grant it AcrPush on myregistry.azurecr.io.");

  answers_[kExchange].body =
      R"({"refresh_token":")" + RefreshToken(R"("aad_identity":"x",)") + "\"}";
  findings = Diagnose(config, "team/app");
  EXPECT_EQ(findings.back().remedy,
            "Grant it Container Registry Repository Writer on myregistry.azurecr.io/team/app.");
}

TEST_F(Connectivity, EndsWhereNobodyIsLetIn) {
  answers_[kPing] = {403, {}, ""};
  auto findings = Diagnose(ServicePrincipal());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_ERROR);
  EXPECT_THAT(findings[0].message, HasSubstr("firewall"));

  answers_[kPing] = {401, {{"WWW-Authenticate", R"(Basic realm="proxy")"}}, ""};
  findings = Diagnose(ServicePrincipal());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr("does not send to its own token service"));
}

TEST_F(Connectivity, AdvisesAgainstTheAdminUser) {
  const auto findings = Diagnose(Config("admin-user", R"({"username": "myregistry"})"));
  EXPECT_THAT(Checks(findings), ElementsAre("admin-user", "challenge"));
  EXPECT_EQ(findings[0].level, GANTRY_WARN);
}

}  // namespace
}  // namespace gantry::testing
