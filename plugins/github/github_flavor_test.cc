#include <gmock/gmock.h>

#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"
#include "tests/conformance/uri_checks.h"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kClassic[] = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";

class GitHub : public ::testing::Test {
 protected:
  Outcome LogIn(const std::string& token, uint32_t actions = GANTRY_PUSH) {
    host_.secrets["password"] = token;
    EXPECT_TRUE(flavor_.Open(ConfigJson("ghcr.io/acme", true)).ok());
    const Outcome outcome = flavor_.Authenticate(target_, actions, &credential_);
    flavor_.Close();
    return outcome;
  }
  // "check: message" of each finding; warnings begin with "! ".
  std::vector<std::string> Diagnose(const std::string& token, int status, sdk::Headers headers,
                                    const std::string& uri = "ghcr.io/acme") {
    host_.secrets["password"] = token;
    host_.on_http = [=, this](const sdk::HttpRequest& request) {
      asked_ = request;
      return sdk::HttpResponse{status, headers, R"({"message": "Bad credentials"})"};
    };
    EXPECT_TRUE(flavor_.Open(ConfigJson(uri, true)).ok());
    std::vector<sdk::Finding> findings;
    const std::string host = uri.substr(0, uri.find('/'));
    diagnosed_ = flavor_.Diagnose({host, repository_, "", ""}, &findings);
    flavor_.Close();
    std::vector<std::string> lines;
    for (const sdk::Finding& finding : findings) {
      EXPECT_EQ(finding.level == GANTRY_INFO, finding.remedy.empty()) << finding.message;
      lines.push_back((finding.level == GANTRY_WARN ? "! " : "") + finding.check + ": " +
                      finding.message);
    }
    return lines;
  }
  void TearDown() override { EXPECT_THAT(host_.faults(), IsEmpty()); }

  FakeHost host_;
  FlavorDriver flavor_{*gantry_flavor_v1(), host_};
  const sdk::Target target_{"ghcr.io", "acme/app", "v1", ""};
  std::optional<sdk::Credential> credential_;
  sdk::HttpRequest asked_;
  std::string repository_;  // that is diagnosed
  Outcome diagnosed_;
};

TEST_F(GitHub, TakesAnOwnerAtARegistryOfGitHub) {
  ExpectTaken(flavor_, {"ghcr.io/acme", "ghcr.io/acme-labs/team", "ghcr.io/octo_acme",
                        "containers.github.acme.example/team", "containers.acme.ghe.com/team", ""});
}

TEST_F(GitHub, RefusesOtherHostsAndOwnersWithASentence) {
  ExpectRefused(flavor_, {{"ghcr.io", "owner is missing"},
                          {"containers.acme.ghe.com", "owner is missing"},
                          {"ghcr.io/-acme", "no owner called -acme"},
                          {"ghcr.io/ac.me/app", "no owner called ac.me"},
                          {"ghcr.io/" + std::string(40, 'a'), "no owner"},
                          {"ghcr.io.evil.example/acme", "not ghcr.io.evil.example"},
                          {"evilghcr.io/acme", "not evilghcr.io"},
                          {"ghcr.io:8443/acme", "not ghcr.io:8443"},
                          {"containers.ghcr.io/acme", "not containers.ghcr.io"},
                          {"containers.github.com/acme", "not containers.github.com"},
                          {"containers.pkg.github.com/acme", "not containers.pkg.github.com"},
                          {"containers./acme", "not containers."},
                          {"docker.pkg.github.com/acme", "switched docker.pkg.github.com off"},
                          {"docker.io/acme", "not docker.io"}});
  ExpectOwnNamesRefused(flavor_, "/acme");
}

TEST_F(GitHub, LogsInWithTheTokensThatPackagesTake) {
  for (const char* token : {kClassic, "ghs_installation", "gho_app", "ghu_user",
                            "0123456789abcdef0123456789abcdef01234567"}) {
    ASSERT_TRUE(LogIn(token).ok()) << token;
    EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
    EXPECT_EQ(credential_->username, "gordon");
    EXPECT_EQ(credential_->secret.Reveal(), token);
  }
}

TEST_F(GitHub, RefusesOtherTokensBeforeAnyRequest) {
  for (const char* token : {"github_pat_11ABCDEFG0123", "ghr_refresh"}) {
    const Outcome outcome = LogIn(token);
    EXPECT_EQ(outcome.code, GANTRY_FAILED_PRECONDITION);
    EXPECT_EQ(outcome.reason(), "UPSTREAM_AUTH_REJECTED");
    EXPECT_THAT(outcome.remedy(), HasSubstr("classic personal access token"));
    EXPECT_THAT(outcome.message(), Not(HasSubstr(token)));
    EXPECT_FALSE(credential_.has_value());
  }
  EXPECT_EQ(host_.http_calls + host_.registry_calls, 0);
}

TEST_F(GitHub, HandsOutItsOwnTokenWithoutAnEnd) {
  ASSERT_TRUE(LogIn(kClassic, GANTRY_PULL | GANTRY_HAND_OUT).ok());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
  EXPECT_EQ(credential_->expires_unix_ms, 0);
  EXPECT_FALSE(credential_->read_only);
  EXPECT_FALSE(credential_->one_repository);
}

TEST_F(GitHub, PushesEachBlobInOneStream) {
  ASSERT_TRUE(flavor_.Open(ConfigJson("ghcr.io/acme", false)).ok());
  std::optional<sdk::Plan> plan;
  ASSERT_TRUE(flavor_.PreparePush(target_, &plan).ok());
  EXPECT_EQ(plan->upload, GANTRY_UPLOAD_STREAM);
}

TEST_F(GitHub, ShowsTheScopesOfAClassicToken) {
  const auto lines = Diagnose(kClassic, 200, {{"X-OAuth-Scopes", "repo, write:packages"}});
  EXPECT_THAT(lines, ::testing::ElementsAre(
                         "token-kind: the connector holds a classic personal access token",
                         "token-scopes: the token's scopes are repo, write:packages"));
  EXPECT_EQ(asked_.url, "https://api.github.com/");
  EXPECT_THAT(asked_.headers, ::testing::Contains(::testing::Pair(
                                  "Authorization", std::string("Bearer ") + kClassic)));
  EXPECT_THAT(asked_.headers, ::testing::Contains(::testing::Key("User-Agent")));

  EXPECT_THAT(Diagnose(kClassic, 200, {{"X-OAuth-Scopes", "read:packages"}}).at(1),
              "! token-scopes: the token's scopes are read:packages: it may pull, not push");
  EXPECT_THAT(Diagnose(kClassic, 200, {{"X-OAuth-Scopes", "write:packagesx"}}).at(1),
              HasSubstr("public packages alone"));
  EXPECT_THAT(Diagnose(kClassic, 200, {{"X-OAuth-Scopes", ""}}).at(1), HasSubstr("none"));
}

TEST_F(GitHub, AsksTheApiOfTheSite) {
  Diagnose(kClassic, 200, {}, "containers.acme.ghe.com/team");
  EXPECT_EQ(asked_.url, "https://api.acme.ghe.com/");
  Diagnose(kClassic, 200, {}, "containers.github.acme.example/team");
  EXPECT_EQ(asked_.url, "https://github.acme.example/api/v3/");
}

TEST_F(GitHub, TellsWhenATokenEnds) {
  const char* kHeader = "GitHub-Authentication-Token-Expiration";
  EXPECT_THAT(Diagnose(kClassic, 200, {{kHeader, "2027-01-31 12:00:00 UTC"}}).at(1),
              HasSubstr("token-expiry: the token is good until 2027-01-31"));
  EXPECT_THAT(Diagnose(kClassic, 200, {{kHeader, "2026-11-25 12:00:00 -0700"}}).at(1),
              HasSubstr("! token-expiry: the token ends soon"));
}

TEST_F(GitHub, AsksNothingOfTokensWithoutScopes) {
  EXPECT_THAT(Diagnose("ghs_workflow", 500, {}),
              ::testing::ElementsAre(HasSubstr("a workflow's GITHUB_TOKEN")));
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(GitHub, TellsWhetherTheTokenMayPullThePackage) {
  repository_ = "acme/app";
  host_.on_registry = [](const sdk::HttpRequest&) { return sdk::HttpResponse{200, {}, "{}"}; };
  EXPECT_EQ(Diagnose("ghs_workflow", 500, {}).at(1),
            "pull-right: this login may pull from ghcr.io/acme/app");
  EXPECT_THAT(host_.requests(), ::testing::ElementsAre("GET /v2/acme/app/tags/list?n=1"));
  host_.on_registry = [](const sdk::HttpRequest&) { return sdk::HttpResponse{403, {}, ""}; };
  EXPECT_THAT(Diagnose("ghs_workflow", 500, {}).at(1),
              HasSubstr("! pull-right: ghcr.io/acme/app is not there, or this login may not pull"));
  host_.on_registry = [](const sdk::HttpRequest&) { return sdk::HttpResponse{500, {}, ""}; };
  Diagnose("ghs_workflow", 500, {});
  EXPECT_EQ(diagnosed_.reason(), "UPSTREAM_UNAVAILABLE");
}

TEST_F(GitHub, SaysWhenTheApiRefusesTheToken) {
  Diagnose(kClassic, 401, {});
  EXPECT_EQ(diagnosed_.reason(), "UPSTREAM_AUTH_REJECTED");
  EXPECT_THAT(diagnosed_.message(), HasSubstr("api.github.com refused the token (HTTP 401"));
  EXPECT_THAT(diagnosed_.message(), HasSubstr("Bad credentials"));
}

TEST_F(GitHub, DeletesNothing) {
  ASSERT_TRUE(flavor_.Open(ConfigJson("ghcr.io/acme", false)).ok());
  EXPECT_EQ(flavor_.Remove(target_).code, GANTRY_UNIMPLEMENTED);
  EXPECT_EQ(host_.registry_calls, 0);
}

}  // namespace
}  // namespace gantry::testing
