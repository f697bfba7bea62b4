#include "plugins/sdk/aws_identity.h"

#include <gmock/gmock.h>

#include "tests/conformance/fake_host.h"

namespace gantry::sdk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kKeys[] =
    R"({"Code": "Success", "AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t",
        "Expiration": "2026-11-23T18:00:00Z"})";

class AwsIdentity : public ::testing::Test {
 protected:
  // Answers by method and URL, and notes what was asked.
  void Serve(std::map<std::string, HttpResponse> answers) {
    host_.on_http = [this, answers = std::move(answers)](const HttpRequest& request) {
      const std::string what = request.method + " " + request.url;
      asked_.push_back(what);
      last_ = request;
      const auto it = answers.find(what);
      return it == answers.end() ? HttpResponse{404, {}, ""} : it->second;
    };
  }
  std::string LastHeader(std::string_view name) const {
    return HttpResponse{0, last_.headers, ""}.Header(name).value_or("");
  }

  testing::FakeHost host_;
  gantry_call raw_{std::chrono::seconds(30)};
  const Call call_{*host_.table(), &raw_};
  AwsKeys keys_;
  HttpRequest last_;
  std::vector<std::string> asked_;
};

TEST_F(AwsIdentity, TheEnvironmentComesFirst) {
  host_.environment = {{"AWS_ACCESS_KEY_ID", "AKIA"},
                       {"AWS_SECRET_ACCESS_KEY", "s"},
                       {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}};
  ASSERT_TRUE(AwsKeysOfMachine(call_, keys_).ok());
  EXPECT_EQ(keys_.access_key_id, "AKIA");
  EXPECT_EQ(keys_.secret_access_key.Reveal(), "s");
  EXPECT_TRUE(keys_.session_token.empty());
  EXPECT_EQ(host_.http_calls, 0);

  host_.environment.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_EQ(AwsKeysOfMachine(call_, keys_).reason, "CONNECTOR_UNUSABLE");
}

TEST_F(AwsIdentity, APodSendsItsTokenAsItIs) {
  host_.environment = {
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
      {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token"}};
  host_.files = {{"/var/run/token", "eyJhbGciOi.x.y"}};
  Serve({{"GET http://169.254.170.23/v1/credentials", {200, {}, kKeys}}});
  ASSERT_TRUE(AwsKeysOfMachine(call_, keys_).ok());
  EXPECT_EQ(keys_.session_token.Reveal(), "t");
  EXPECT_EQ(keys_.expires_unix_ms, 1'795'456'800'000);
  EXPECT_EQ(LastHeader("Authorization"), "eyJhbGciOi.x.y");
  EXPECT_EQ(LastHeader("Accept"), "application/json");
  EXPECT_EQ(last_.flags, uint32_t{GANTRY_HTTP_METADATA} | GANTRY_HTTP_SECRET_BODY);

  host_.files = {{"/var/run/token", "a\r\nX-Evil: b"}};
  EXPECT_THAT(AwsKeysOfContainer(call_, keys_).message, HasSubstr("line breaks"));
}

TEST_F(AwsIdentity, AnAgentThatIsStartingIsAskedThreeTimes) {
  constexpr char kUrl[] = "http://169.254.170.23/v1/credentials";
  host_.environment = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", kUrl}};
  int failures = 2;
  host_.on_http = [&](const HttpRequest&) {
    return failures-- > 0 ? HttpResponse{503, {}, ""} : HttpResponse{200, {}, kKeys};
  };
  ASSERT_TRUE(AwsKeysOfContainer(call_, keys_).ok());
  EXPECT_EQ(host_.http_calls, 3);

  host_.unreachable = {kUrl};
  const Status absent = AwsKeysOfContainer(call_, keys_);
  EXPECT_EQ(absent.reason, "UPSTREAM_UNAVAILABLE");
  EXPECT_THAT(absent.remedy, HasSubstr("Pod Identity agent"));
  EXPECT_EQ(host_.http_calls, 6);
}

TEST_F(AwsIdentity, NoTokenGoesToAnotherMachineByPlainHttp) {
  host_.environment = {{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret"}};
  for (const char* url : {"http://evil.example/v1", "http://169.254.170.23.evil.example/",
                          "ftp://x", "http://localhost:x@evil.example/",
                          "https://user@evil.example/", "http://localhost.evil.example/"}) {
    host_.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_EQ(AwsKeysOfContainer(call_, keys_).reason, "CONNECTOR_UNUSABLE") << url;
  }
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(AwsIdentity, AnInstanceAsksByASession) {
  const std::string base = "http://169.254.169.254/latest/";
  const std::string role = base + "meta-data/iam/security-credentials/";
  Serve({{"PUT " + base + "api/token", {200, {}, "SESSION"}},
         {"GET " + role, {200, {}, "pusher\n"}},
         {"GET " + role + "pusher", {200, {}, kKeys}}});
  ASSERT_TRUE(AwsKeysOfMachine(call_, keys_).ok());
  EXPECT_EQ(keys_.access_key_id, "ASIA");
  EXPECT_THAT(asked_,
              ElementsAre("PUT " + base + "api/token", "GET " + role, "GET " + role + "pusher"));
  EXPECT_EQ(LastHeader("x-aws-ec2-metadata-token"), "SESSION");
}

TEST_F(AwsIdentity, TheEnvironmentSaysWhereTheInstancesServiceIs) {
  const struct {
    const char *endpoint, *mode, *base;
  } kCases[] = {{"", "", "http://169.254.169.254"},
                {"", "IPv4", "http://169.254.169.254"},
                {"", "IPv6", "http://[fd00:ec2::254]"},
                {"http://[fd00:ec2::1]:8080/", "", "http://[fd00:ec2::1]:8080"},
                {"http://10.0.0.1", "ipv6", "http://10.0.0.1"}};
  for (const auto& row : kCases) {
    const std::string base = row.base + std::string("/latest/");
    const std::string role = base + "meta-data/iam/security-credentials/";
    host_.environment = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", row.endpoint},
                         {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", row.mode}};
    Serve({{"PUT " + base + "api/token", {200, {}, "SESSION"}},
           {"GET " + role, {200, {}, "pusher"}},
           {"GET " + role + "pusher", {200, {}, kKeys}}});
    ASSERT_TRUE(AwsKeysOfInstance(call_, keys_).ok()) << row.base;
    EXPECT_EQ(keys_.access_key_id, "ASIA") << row.base;
  }

  host_.http_calls = 0;
  host_.environment = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "dual"}};
  EXPECT_THAT(AwsKeysOfInstance(call_, keys_).message, HasSubstr("neither IPv4 nor IPv6"));
  for (const char* url : {"169.254.169.254", "http://user@10.0.0.1", "ftp://10.0.0.1"}) {
    host_.environment = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", url}};
    EXPECT_THAT(AwsKeysOfInstance(call_, keys_).message, HasSubstr("no URL")) << url;
  }
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(AwsIdentity, WithoutASessionTheInstanceIsNotAskedForKeys) {
  const std::string put = "PUT http://169.254.169.254/latest/api/token";
  const struct {
    int status;
    const char *reason, *message;
  } kCases[] = {{403, "CONNECTOR_UNUSABLE", "switched off"},
                {405, "CONNECTOR_UNUSABLE", "by IMDSv2 alone"},
                {400, "UPSTREAM_REJECTED", "a session of its metadata service"}};
  for (const auto& row : kCases) {
    asked_.clear();
    Serve({{put, {row.status, {}, ""}}});
    const Status refused = AwsKeysOfMachine(call_, keys_);
    EXPECT_EQ(refused.reason, row.reason) << row.status;
    EXPECT_THAT(refused.message, HasSubstr(row.message));
    EXPECT_THAT(asked_, ElementsAre(put)) << "IMDSv1";
    EXPECT_TRUE(keys_.empty());
  }
}

TEST_F(AwsIdentity, TheRegionIsThatOfTheEnvironmentOrOfTheInstancesZone) {
  const std::string base = "http://169.254.169.254/latest/";
  std::string region;
  Serve({{"PUT " + base + "api/token", {200, {}, "SESSION"}},
         {"GET " + base + "meta-data/placement/availability-zone", {200, {}, "us-east-1d"}}});
  ASSERT_TRUE(AwsRegionOfMachine(call_, region).ok());
  EXPECT_EQ(region, "us-east-1");
  EXPECT_EQ(LastHeader("x-aws-ec2-metadata-token"), "SESSION");
  host_.environment = {{"AWS_DEFAULT_REGION", "eu-west-1"}};
  ASSERT_TRUE(AwsRegionOfMachine(call_, region).ok());
  EXPECT_EQ(region, "eu-west-1");
  host_.environment["AWS_REGION"] = "eu-west-2";
  ASSERT_TRUE(AwsRegionOfMachine(call_, region).ok());
  EXPECT_EQ(region, "eu-west-2");

  host_.environment = {{"AWS_EC2_METADATA_DISABLED", "true"}};
  host_.http_calls = 0;
  EXPECT_EQ(AwsRegionOfMachine(call_, region).reason, "CONNECTOR_UNUSABLE");
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(AwsIdentity, SaysWhenThereIsNone) {
  const Status none = AwsKeysOfMachine(call_, keys_);
  EXPECT_EQ(none.code, GANTRY_FAILED_PRECONDITION);
  EXPECT_THAT(none.message, HasSubstr("no AWS identity"));
  EXPECT_TRUE(keys_.empty());

  host_.environment = {{"AWS_EC2_METADATA_DISABLED", "true"}};
  host_.http_calls = 0;
  EXPECT_FALSE(AwsKeysOfMachine(call_, keys_).ok());
  EXPECT_EQ(host_.http_calls, 0);
  host_.local_allowed = false;
  EXPECT_EQ(AwsKeysOfMachine(call_, keys_).code, GANTRY_PERMISSION_DENIED);
}

TEST_F(AwsIdentity, RepeatsTheWordsOfTheServiceThatRefuses) {
  const std::string base = "http://169.254.169.254/latest/";
  const std::string role = base + "meta-data/iam/security-credentials/";
  Serve({{"PUT " + base + "api/token", {200, {}, "SESSION"}},
         {"GET " + role, {200, {}, "pusher"}},
         {"GET " + role + "pusher",
          {200, {}, R"({"Code": "AssumeRoleUnauthorizedAccess", "Message": "cannot assume"})"}}});
  const Status refused = AwsKeysOfInstance(call_, keys_);
  EXPECT_EQ(refused.reason, "UPSTREAM_PROTOCOL");
  EXPECT_THAT(refused.message, HasSubstr("AssumeRoleUnauthorizedAccess: cannot assume"));
}

}  // namespace
}  // namespace gantry::sdk
