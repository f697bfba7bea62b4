#include "plugins/gcp/gcp_test_world.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/jwt.h"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'795'435'200;  // of the fake host
constexpr char kIam[] =
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    "target@my-project.iam.gserviceaccount.com:generateAccessToken";

class GcpLogin : public GcpTest {
 protected:
  void ExpectToken(const std::string& token, int64_t expires) {
    ASSERT_TRUE(credential_.has_value());
    EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
    EXPECT_EQ(credential_->registry_host, "us-docker.pkg.dev");
    EXPECT_EQ(credential_->username, "oauth2accesstoken");
    EXPECT_EQ(credential_->secret.Reveal(), token);
    EXPECT_EQ(credential_->expires_unix_ms, expires * 1000);
  }
};

TEST_F(GcpLogin, AKeySignsAStatementOfAnHour) {
  AnswerToken(kTokenUrl);
  Open("service-account");
  ASSERT_TRUE(Login().ok());
  ExpectToken("ya29.made", kNow + 3599);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].method, "POST");
  EXPECT_NE(sent_[0].flags & GANTRY_HTTP_SECRET_BODY, 0u);
  EXPECT_EQ(Form(0, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const std::string assertion = Form(0, "assertion");
  const sdk::Json claims = sdk::ReadJwtClaims(assertion);
  EXPECT_EQ(claims["iss"].Text(), "pusher@my-project.iam.gserviceaccount.com");
  EXPECT_EQ(claims["aud"].Text(), kTokenUrl);
  EXPECT_EQ(claims["scope"].Text(), kFullScope);
  EXPECT_EQ(claims["iat"].Integer(), kNow);
  EXPECT_EQ(claims["exp"].Integer(), kNow + 3600);
  const auto header = sdk::DecodeBase64(assertion.substr(0, assertion.find('.')));
  EXPECT_EQ(sdk::Json::Parse(*header)["kid"].Text(), "key-1");
}

TEST_F(GcpLogin, WhatLeavesTheDaemonMayOnlyRead) {
  AnswerToken(kTokenUrl);
  Open("service-account");
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  EXPECT_EQ(sdk::ReadJwtClaims(Form(0, "assertion"))["scope"].Text(), kReadOnlyScope);
  EXPECT_TRUE(credential_->read_only);
  EXPECT_FALSE(credential_->one_repository) << "Google's tokens are for no repository";
}

TEST_F(GcpLogin, OnlyWhatGoogleHasNarrowedIsMarkedSo) {
  const uint32_t actions = uint32_t{GANTRY_PULL} | GANTRY_HAND_OUT;
  AnswerToken(kTokenUrl);
  Open("service-account");
  ASSERT_TRUE(Login().ok());
  EXPECT_FALSE(credential_->read_only);
  Open("user-account");
  ASSERT_TRUE(Login(actions).ok());
  EXPECT_TRUE(credential_->read_only);
  // RFC 6749 §5.1: another scope than was asked for is named in the answer.
  Answer(
      kTokenUrl, 200,
      R"({"access_token": "wide", "expires_in": 60, "scope": "https://www.googleapis.com/auth/cloud-platform"})");
  ASSERT_TRUE(Login(actions).ok());
  EXPECT_FALSE(credential_->read_only);
  host_.secrets["token"] = "ya29.given";
  Answer(kTokenInfoUrl, 200, R"({"email": "me@example.com", "expires_in": "120"})");
  Open("oauth2-token");
  ASSERT_TRUE(Login(actions).ok());
  EXPECT_FALSE(credential_->read_only);
}

TEST_F(GcpLogin, TheAudienceStaysGooglesWhereverTheStatementIsSent) {
  AnswerToken("https://proxy.example/token");
  Open("service-account", R"({"token_uri": "https://proxy.example/token"})");
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(sdk::ReadJwtClaims(Form(0, "assertion"))["aud"].Text(), kTokenUrl);
}

TEST_F(GcpLogin, NothingIsSentInPlainText) {
  std::string key = ServiceAccountJson();
  key.insert(1, R"("token_uri": "http://oauth2.googleapis.com/token", )");
  host_.secrets["service_account_json"] = key;
  Open("service-account");
  EXPECT_THAT(Login().message(), HasSubstr("https alone"));
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(GcpLogin, AFileThatIsNoKeyIsToldApart) {
  const std::pair<std::string, std::string> kCases[] = {
      {"", "lacks service_account_json"},
      {"no JSON", "no credential file"},
      {"{}", "no credential file"},
      {UserJson(), "is of type \"authorized_user\""},
      {R"({"type": "service_account", "client_email": "a"})", "lacks \"private_key\""},
      {R"({"type": "service_account", "client_email": "a", "private_key": "-----"})", "no RSA"}};
  Open("service-account");
  for (const auto& [text, why] : kCases) {
    host_.secrets["service_account_json"] = text;
    const Outcome outcome = Login();
    EXPECT_EQ(outcome.code, GANTRY_FAILED_PRECONDITION) << text;
    EXPECT_EQ(outcome.reason(), "CONNECTOR_UNUSABLE") << text;
    EXPECT_THAT(outcome.message(), HasSubstr(why));
    EXPECT_FALSE(outcome.remedy().empty()) << text;
  }
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(GcpLogin, ARefusalKeepsOAuthsWords) {
  Open("service-account");
  Answer(kTokenUrl, 400, R"({"error": "invalid_grant", "error_description": "reauth related error",
                             "error_subtype": "invalid_rapt"})");
  const Outcome refused = Login();
  EXPECT_EQ(refused.reason(), "UPSTREAM_AUTH_REJECTED");
  EXPECT_THAT(refused.message(), HasSubstr("reauth related error (invalid_rapt)"));
  Answer(kTokenUrl, 429, "", {{"Retry-After", "3"}});
  const Outcome throttled = Login();
  EXPECT_EQ(throttled.code, GANTRY_UNAVAILABLE);
  EXPECT_EQ(throttled.failures.back().retry_after_ms, 3000);
  for (const char* body : {"<html>", R"({"access_token": "x"})", R"({"expires_in": 5})"}) {
    Answer(kTokenUrl, 200, body);
    EXPECT_EQ(Login().reason(), "UPSTREAM_PROTOCOL") << body;
  }
}

TEST_F(GcpLogin, AUserWhoGrantedNoNarrowerScopeGivesWhatThereIs) {
  Open("user-account");
  AnswerToken(kTokenUrl);
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(Form(0, "grant_type"), "refresh_token");
  EXPECT_EQ(Form(0, "refresh_token"), "1//refresh");
  EXPECT_EQ(Form(0, "scope"), "");

  int asked = 0;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    ++asked;
    const bool narrow = request.body.find("scope=") != std::string::npos;
    return narrow ? sdk::HttpResponse{400, {}, R"({"error": "invalid_scope"})"}
                  : sdk::HttpResponse{200, {}, R"({"access_token": "wide", "expires_in": 60})"};
  };
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  ExpectToken("wide", kNow + 60);
  EXPECT_FALSE(credential_->read_only);
  EXPECT_EQ(asked, 2);
}

TEST_F(GcpLogin, AnImpersonatedAccountsTokenEndsWhenGoogleSays) {
  Open("impersonation", R"({"target_principal": "target@my-project.iam.gserviceaccount.com"})");
  AnswerToken(kTokenUrl);
  Answer(kIam, 200, R"({"accessToken": "ya29.target", "expireTime": "2026-11-23T12:30:00Z"})");
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  ExpectToken("ya29.target", kNow + 1800);
  EXPECT_TRUE(credential_->read_only);
  EXPECT_EQ(sdk::ReadJwtClaims(Form(0, "assertion"))["scope"].Text(), kFullScope);
  const sdk::Json asked = sdk::Json::Parse(sent_.at(1).body);
  EXPECT_EQ(asked["scope"][size_t{0}].Text(), kReadOnlyScope);
  EXPECT_EQ(asked["lifetime"].Text(), "3600s");

  Answer(kIam, 400, R"({"error": {"message": "invalid argument", "status": "INVALID_ARGUMENT"}})");
  const Outcome senseless = Login();
  EXPECT_EQ(senseless.reason(), "UPSTREAM_REJECTED");
  EXPECT_EQ(senseless.remedy(), "") << "an hour is not too long";

  Answer(kIam, 403,
         R"({"error": {"message": "Permission 'iam.serviceAccounts.getAccessToken' denied",
      "status": "PERMISSION_DENIED", "details": [{"reason": "IAM_PERMISSION_DENIED"}]}})");
  const Outcome denied = Login();
  EXPECT_EQ(denied.reason(), "UPSTREAM_DENIED");
  EXPECT_THAT(denied.message(), HasSubstr("IAM_PERMISSION_DENIED"));
  Open("impersonation", R"({"target_principal": "../../x"})");
  EXPECT_EQ(Login().reason(), "CONNECTOR_UNUSABLE");
}

TEST_F(GcpLogin, AnImpersonatedAccountsTokenLivesAsLongAsTheConnectorSays) {
  AnswerToken(kTokenUrl);
  Open("impersonation", R"({"target_principal": "target@my-project.iam.gserviceaccount.com",
                            "duration_seconds": 43200})");
  Answer(kIam, 200, R"({"accessToken": "ya29.target", "expireTime": "2026-11-24T00:00:00Z"})");
  ASSERT_TRUE(Login().ok());
  ExpectToken("ya29.target", kNow + 43200);
  EXPECT_EQ(sdk::Json::Parse(sent_.at(1).body)["lifetime"].Text(), "43200s");

  Answer(kIam, 400, R"({"error": {"message": "invalid argument", "status": "INVALID_ARGUMENT"}})");
  const Outcome too_long = Login();
  EXPECT_EQ(too_long.code, GANTRY_FAILED_PRECONDITION);
  EXPECT_EQ(too_long.reason(), "CONNECTOR_UNUSABLE");
  EXPECT_THAT(too_long.message(), HasSubstr("invalid argument (43200 seconds were asked for)"));
  EXPECT_THAT(too_long.remedy(), HasSubstr("target@my-project.iam.gserviceaccount.com"));
}

TEST_F(GcpLogin, AGivenTokenEndsWithItsConnectorOrWhenGoogleSays) {
  host_.secrets["token"] = "ya29.given";
  Open("oauth2-token", "{}", "{}", (kNow + 600) * 1000);
  Answer(kTokenInfoUrl, 200, R"({"email": "me@example.com", "expires_in": "3600"})");
  ASSERT_TRUE(Login().ok());
  ExpectToken("ya29.given", kNow + 600);
  Answer(kTokenInfoUrl, 200, R"({"email": "me@example.com", "expires_in": "90"})");
  Open("oauth2-token", "{}", "{}", (kNow + 600) * 1000);
  ASSERT_TRUE(Login().ok());
  ExpectToken("ya29.given", kNow + 90);
  Answer(kTokenInfoUrl, 503, "");
  Open("oauth2-token", "{}", "{}", (kNow + 600) * 1000);
  ASSERT_TRUE(Login().ok());
  ExpectToken("ya29.given", kNow + 600);

  Open("oauth2-token");
  Answer(kTokenInfoUrl, 200, R"({"email": "me@example.com", "expires_in": "120"})");
  ASSERT_TRUE(Login().ok());
  ExpectToken("ya29.given", kNow + 120);
  Answer(kTokenInfoUrl, 400, R"({"error": "invalid_token", "error_description": "Invalid Value"})");
  Open("oauth2-token");
  EXPECT_EQ(Login().reason(), "UPSTREAM_AUTH_REJECTED");
}

TEST_F(GcpLogin, GoogleIsAskedOnceHowLongAGivenTokenLives) {
  host_.secrets["token"] = "ya29.given";
  Open("oauth2-token");
  Answer(kTokenInfoUrl, 200, R"({"email": "me@example.com", "expires_in": "1000"})");
  std::vector<sdk::Finding> findings;
  ASSERT_TRUE(flavor_.Verify(&findings).ok());
  EXPECT_EQ(sent_.size(), 1u) << "to verify is to ask";
  sent_.clear();
  for (const uint32_t actions : {GANTRY_PULL | GANTRY_PUSH, GANTRY_PULL | GANTRY_HAND_OUT}) {
    ASSERT_TRUE(Login(actions).ok());
    ExpectToken("ya29.given", kNow + 1000);
  }
  EXPECT_EQ(sent_.size(), 1u);
  ASSERT_TRUE(flavor_.Verify(&findings).ok());
  EXPECT_EQ(sent_.size(), 2u) << "to verify is to ask, whatever is kept";
  host_.now_unix_ms += 1001 * 1000;
  Answer(kTokenInfoUrl, 400, R"({"error": "invalid_token", "error_description": "Invalid Value"})");
  EXPECT_EQ(Login().reason(), "UPSTREAM_AUTH_REJECTED");

  // Where Google was out of reach, what is known of the token proves nothing.
  host_.now_unix_ms = kNow * 1000;
  Open("oauth2-token", "{}", "{}", (kNow + 600) * 1000);
  Answer(kTokenInfoUrl, 503, "");
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(flavor_.Verify(&findings).code, GANTRY_UNAVAILABLE);
}

TEST_F(GcpLogin, TheMachinesIdentityIsLookedForInGooglesOrder) {
  Open("implicit");
  AnswerToken(kTokenUrl);
  host_.environment = {{"HOME", "/home/g"}, {"GOOGLE_APPLICATION_CREDENTIALS", "/key.json"}};
  host_.files = {{"/key.json", ServiceAccountJson()},
                 {"/home/g/.config/gcloud/application_default_credentials.json", UserJson()}};
  ASSERT_TRUE(Login().ok());
  EXPECT_FALSE(Form(0, "assertion").empty());
  host_.environment.erase("GOOGLE_APPLICATION_CREDENTIALS");
  ASSERT_TRUE(Login().ok());
  EXPECT_EQ(Form(1, "refresh_token"), "1//refresh");

  host_.files.clear();
  host_.environment["GCE_METADATA_HOST"] = "metadata.example";
  const sdk::Headers google{{"Metadata-Flavor", "Google"}};
  Answer("http://metadata.example/", 200, "pusher@my-project.iam.gserviceaccount.com", google);
  Answer("http://metadata.example/computeMetadata/v1/instance/service-accounts/default/token", 200,
         R"({"access_token": "ya29.machine", "expires_in": 30})", google);
  sent_.clear();
  ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
  ExpectToken("ya29.machine", kNow + 30);
  EXPECT_FALSE(credential_->read_only) << "a machine's scopes may be its own";
  EXPECT_THAT(sent_.at(0).url, HasSubstr("?scopes=https%3A%2F%2Fwww.googleapis.com"));
  EXPECT_NE(sent_[0].flags & GANTRY_HTTP_METADATA, 0u);
  EXPECT_EQ(sent_[0].headers, sdk::Headers({{"Metadata-Flavor", "Google"}}));

  Answer("http://metadata.example/", 200, R"({"access_token": "x", "expires_in": 30})");
  EXPECT_THAT(Login().message(), HasSubstr("\"Metadata-Flavor: Google\" is missing"));
  host_.environment["GOOGLE_APPLICATION_CREDENTIALS"] = "/gone.json";
  EXPECT_EQ(Login().code, GANTRY_NOT_FOUND);
  host_.local_allowed = false;
  EXPECT_EQ(Login().code, GANTRY_PERMISSION_DENIED);
}

TEST_F(GcpLogin, AKeyOfTheMachineIsUsedAtGoogleAlone) {
  const auto key_for = [](const std::string& token_uri) {
    std::string key = ServiceAccountJson();
    return key.insert(1, "\"token_uri\": \"" + token_uri + "\", ");
  };
  host_.environment = {{"GOOGLE_APPLICATION_CREDENTIALS", "/key.json"}};
  for (const char* url :
       {"https://evil.example/token", "https://oauth2.evil.example/token",
        "https://storage.googleapis.com/token", "https://oauth2.googleapis.com/x"}) {
    const std::string key = key_for(url);
    const std::string inner =
        R"({"type": "impersonated_service_account", "service_account_impersonation_url": ")" +
        std::string(kIam) + R"(", "source_credentials": )" + key + "}";
    for (const std::string& file : {key, inner}) {
      host_.files["/key.json"] = file;
      Open("implicit");
      const Outcome outcome = Login();
      EXPECT_EQ(outcome.reason(), "CONNECTOR_UNUSABLE") << url;
      EXPECT_THAT(outcome.message(), HasSubstr(".token_uri is not Google's oauth2 service"));
    }
    EXPECT_THAT(sent_, IsEmpty());
  }
  for (const char* url : {kTokenUrl, "https://accounts.google.com/o/oauth2/token"}) {
    AnswerToken(url);
    host_.files["/key.json"] = key_for(url);
    Open("implicit");
    EXPECT_TRUE(Login().ok()) << url;
    EXPECT_EQ(sent_.back().url, url);
  }
  // Whoever gives a connector its key says where it is used.
  AnswerToken("https://proxy.example/token");
  host_.secrets["service_account_json"] = key_for("https://proxy.example/token");
  Open("service-account");
  EXPECT_TRUE(Login().ok());
}

TEST_F(GcpLogin, AKeyThatIsAPasswordIsHandedOutAsAToken) {
  AnswerToken(kTokenUrl);
  for (const bool base64 : {false, true}) {
    const std::string key = ServiceAccountJson();
    host_.secrets["password"] = base64 ? sdk::Base64(key) : key;
    flavor_.Close();
    ASSERT_TRUE(
        flavor_
            .Open(std::string(R"({"uri": "us-docker.pkg.dev/my-project/my-repo", "connector":
        {"type": "docker", "auth_method": "password", "config": {"username": ")") +
                  (base64 ? "_json_key_base64" : "_json_key") + "\"}}}")
            .ok());
    ASSERT_TRUE(Login().ok());
    EXPECT_EQ(credential_->secret.Reveal(), host_.secrets["password"]);
    ASSERT_TRUE(Login(GANTRY_PULL | GANTRY_HAND_OUT).ok());
    ExpectToken("ya29.made", kNow + 3599);

    // What reads the machine or another's server is for the methods that say so.
    const std::string other =
        R"({"type": "external_account", "credential_source": {"file": "/x"}})";
    host_.secrets["password"] = base64 ? sdk::Base64(other) : other;
    EXPECT_EQ(Login(GANTRY_PULL | GANTRY_HAND_OUT).reason(), "CONNECTOR_UNUSABLE");
  }
}

}  // namespace
}  // namespace gantry::testing
