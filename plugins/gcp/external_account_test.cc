#include "plugins/gcp/gcp_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAudience[] =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p";

class GcpExternalAccount : public GcpTest {
 protected:
  GcpExternalAccount() {
    AnswerToken(kStsUrl);
    host_.files["/token"] = "subject.token\n";
  }

  Outcome LoginFrom(const std::string& source, const std::string& more = "",
                    const std::string& token_url = kStsUrl,
                    uint32_t actions = GANTRY_PULL | GANTRY_HAND_OUT) {
    host_.secrets["external_account_json"] =
        std::string(R"({"type": "external_account", "audience": ")") + kAudience +
        R"(", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": ")" +
        token_url + R"(", "credential_source": )" + source + more + "}";
    sent_.clear();
    Open("external-account");
    return Login(actions);
  }
};

TEST_F(GcpExternalAccount, ExchangesTheTokenOfAFile) {
  ASSERT_TRUE(LoginFrom(R"({"file": "/token"})").ok());
  EXPECT_EQ(credential_->secret.Reveal(), "ya29.made");
  EXPECT_EQ(Form(0, "grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
  EXPECT_EQ(Form(0, "audience"), kAudience);
  EXPECT_EQ(Form(0, "subject_token"), "subject.token");
  EXPECT_EQ(Form(0, "subject_token_type"), "urn:ietf:params:oauth:token-type:jwt");
  EXPECT_EQ(Form(0, "scope"), kReadOnlyScope);

  host_.files["/token"] = R"({"id": "of.json"})";
  ASSERT_TRUE(LoginFrom(R"({"file": "/token", "format":
      {"type": "json", "subject_token_field_name": "id"}})")
                  .ok());
  EXPECT_EQ(Form(0, "subject_token"), "of.json");
}

TEST_F(GcpExternalAccount, AsksTheMachinesOwnServicesInPlainHttpAndOthersByTls) {
  Answer("http://169.254.169.254/", 200, "from.url");
  Answer("https://issuer.example/", 200, "from.issuer");
  ASSERT_TRUE(
      LoginFrom(R"({"url": "http://169.254.169.254/id", "headers": {"Metadata": "True"}})").ok());
  EXPECT_NE(sent_[0].flags & GANTRY_HTTP_METADATA, 0u);
  EXPECT_EQ(sent_[0].headers, sdk::Headers({{"Metadata", "True"}}));
  EXPECT_EQ(Form(1, "subject_token"), "from.url");
  ASSERT_TRUE(LoginFrom(R"({"url": "https://issuer.example/id"})").ok());
  EXPECT_EQ(sent_[0].flags & GANTRY_HTTP_METADATA, 0u);
  Answer("https://issuer.example/", 500, "the secret of another");
  const Outcome failed = LoginFrom(R"({"url": "https://issuer.example/id"})");
  EXPECT_EQ(failed.reason(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(failed.message().find("secret"), std::string::npos);
}

TEST_F(GcpExternalAccount, ImpersonatesWithAScopeForThatAlone) {
  const std::string url =
      "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken";
  Answer(url, 200, R"({"accessToken": "ya29.sa", "expireTime": "2026-11-23T12:30:00Z"})");
  ASSERT_TRUE(
      LoginFrom(R"({"file": "/token"})", ", \"service_account_impersonation_url\": \"" + url + "\"")
          .ok());
  EXPECT_EQ(credential_->secret.Reveal(), "ya29.sa");
  EXPECT_EQ(Form(0, "scope"), "https://www.googleapis.com/auth/iam");
  EXPECT_THAT(sent_.at(1).body, HasSubstr(kReadOnlyScope));
  EXPECT_THAT(sent_[1].body, HasSubstr("\"3600s\""));

  // AIP-4117: how long that token is to live is in the file.
  ASSERT_TRUE(LoginFrom(R"({"file": "/token"})",
                        R"(, "service_account_impersonation": {"token_lifetime_seconds": 2800},)"
                        R"("service_account_impersonation_url": ")" +
                            url + "\"")
                  .ok());
  EXPECT_THAT(sent_.at(1).body, HasSubstr("\"2800s\""));
}

TEST_F(GcpExternalAccount, AwsProvesWhoItIsByASignedRequestForThisProvider) {
  host_.environment = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                       {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"},
                       {"AWS_REGION", "eu-central-1"}};
  ASSERT_TRUE(LoginFrom(R"({"environment_id": "aws1"})").ok());
  const std::string token = Form(0, "subject_token");
  EXPECT_THAT(token, HasSubstr("sts.eu-central-1.amazonaws.com"));
  EXPECT_THAT(token,
              HasSubstr("SignedHeaders%3Dhost%3Bx-amz-date%3Bx-goog-cloud-target-resource%2C"));
  EXPECT_EQ(token.find("wJalrXUtnFEMI"), std::string::npos);
}

TEST_F(GcpExternalAccount, WhatIsReadHereIsSentToGoogleAlone) {
  for (const char* url :
       {"https://sts.evil.example/v1/token", "http://sts.googleapis.com/v1/token",
        "https://sts.googleapis.com.evil.example/", "https://sts.googleapis.com:443@evil.example/",
        "https://user@sts.googleapis.com/", "https://evilgoogleapis.com/",
        "https://googleapis.com/", "https://.googleapis.com/",
        "https://evil.example\\\\.googleapis.com/", "https://storage.googleapis.com/upload/v1/b/x/o",
        "https://sts.googleapis.com/v1/token?uploadType=media", "https://sts.googleapis.com/other",
        "https://stsx.googleapis.com/v1/token"}) {
    const Outcome outcome = LoginFrom(R"({"file": "/token"})", "", url);
    EXPECT_EQ(outcome.reason(), "CONNECTOR_UNUSABLE") << url;
    const Outcome impersonated =
        LoginFrom(R"({"file": "/token"})",
                  std::string(", \"service_account_impersonation_url\": \"") + url + "\"");
    EXPECT_EQ(impersonated.reason(), "CONNECTOR_UNUSABLE") << url;
    EXPECT_THAT(sent_, IsEmpty());
  }
}

TEST_F(GcpExternalAccount, SaysWhichSourcesItDoesNotServe) {
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"executable": {"command": "/bin/id"}})", "executable"},
      {R"({"certificate": {"x": 1}})", "certificate"},
      {R"({"environment_id": "aws2"})", "aws2"},
      {"{}", "no credential_source"},
      {R"({"file": "/token", "format": {"type": "json"}})", "there is no token in /token"}};
  for (const auto& [source, why] : kCases) {
    const Outcome outcome = LoginFrom(source);
    EXPECT_EQ(outcome.reason(), "CONNECTOR_UNUSABLE") << source;
    EXPECT_THAT(outcome.message(), HasSubstr(why));
    EXPECT_FALSE(outcome.remedy().empty());
  }
}

}  // namespace
}  // namespace gantry::testing
