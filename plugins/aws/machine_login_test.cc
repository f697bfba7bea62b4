#include "plugins/aws/machine_login.h"

#include <gmock/gmock.h>

#include "plugins/aws/profile.h"
#include "tests/conformance/fake_host.h"

namespace gantry::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRoleKeys[] =
    "<R><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>t</SessionToken><Expiration>2026-11-23T13:00:00Z</Expiration></Credentials></R>";

class MachineLoginTest : public ::testing::Test {
 protected:
  MachineLoginTest() {
    host_.environment = {{"HOME", "/root"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
    host_.on_http = [this](const sdk::HttpRequest& request) {
      bodies_.push_back(request.body);
      signed_by_ = sdk::HttpResponse{0, request.headers, ""}.Header("Authorization").value_or("");
      return sdk::HttpResponse{200, {}, kRoleKeys};
    };
  }
  sdk::Status Login(const std::string& profile = "", const std::string& policy = "") {
    bodies_.clear();
    return MachineLogin(call_, sts_, profile, policy, keys_, narrowed_);
  }
  void Config(const std::string& text) { host_.files["/root/.aws/config"] = text; }

  testing::FakeHost host_;
  gantry_call raw_{std::chrono::seconds(30)};
  const sdk::Call call_{*host_.table(), &raw_};
  const Sts sts_{Endpoints(), "sts.us-east-1.amazonaws.com", "us-east-1"};
  sdk::AwsKeys keys_;
  bool narrowed_ = false;
  std::vector<std::string> bodies_;
  std::string signed_by_;
};

TEST(Ini, ReadsSectionsAndSkipsWhatIsNested) {
  constexpr char kText[] =
      "# comment\n[default]\nregion = us-east-1\r\n[ profile dev ]\ns3 =\n  role_arn = x\n"
      ";role_arn = y\nrole_arn=arn:aws:iam::1:role/a=b\n[default]\nlate = 1";
  EXPECT_EQ(IniValue(kText, "default", "region"), "us-east-1");
  EXPECT_EQ(IniValue(kText, "profile dev", "role_arn"), "arn:aws:iam::1:role/a=b");
  EXPECT_EQ(IniValue(kText, "default", "role_arn"), "");
  EXPECT_EQ(IniValue(kText, "default", "late"), "1");
  EXPECT_EQ(IniValue("[x", "x", "a"), "");
}

TEST_F(MachineLoginTest, AProfileAssumesItsRoleWithTheKeysOfItsSource) {
  host_.files["/root/.aws/credentials"] =
      "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n";
  Config(
      "[profile push]\nrole_arn = arn:aws:iam::123456789012:role/push\nsource_profile = base\n"
      "external_id = e1\nduration_seconds = 900\n");
  ASSERT_TRUE(Login("push", "{}").ok());
  EXPECT_EQ(keys_.access_key_id, "ASIAROLE");
  EXPECT_TRUE(narrowed_);
  ASSERT_EQ(bodies_.size(), 1u);
  EXPECT_THAT(bodies_[0], HasSubstr("Action=AssumeRole&"));
  EXPECT_THAT(bodies_[0], HasSubstr("&DurationSeconds=900&Policy=%7B%7D&ExternalId=e1"));
  EXPECT_THAT(signed_by_, HasSubstr("Credential=AKIABASE/"));

  ASSERT_TRUE(Login("base", "{}").ok());
  EXPECT_EQ(keys_.access_key_id, "AKIABASE");
  EXPECT_FALSE(narrowed_);
}

TEST_F(MachineLoginTest, AProfilesRoleTakesTheSourceThatItNames) {
  const auto keys_of = [](const std::string& id) {
    return sdk::HttpResponse{
        200, {}, R"({"AccessKeyId": ")" + id + R"(", "SecretAccessKey": "s", "Token": "t"})"};
  };
  std::map<std::string, sdk::HttpResponse> machine = {
      {"http://169.254.170.2/v2/task", keys_of("ASIATASK")},
      {"http://169.254.169.254/latest/api/token", {200, {}, "SESSION"}},
      {"http://169.254.169.254/latest/meta-data/iam/security-credentials/", {200, {}, "node"}},
      {"http://169.254.169.254/latest/meta-data/iam/security-credentials/node",
       keys_of("ASIANODE")}};
  const auto sts = host_.on_http;
  host_.on_http = [&](const sdk::HttpRequest& request) {
    const auto found = machine.find(request.url);
    return found == machine.end() ? sts(request) : found->second;
  };
  // All three at once: only the name decides.
  host_.environment = {{"HOME", "/root"},
                       {"AWS_ACCESS_KEY_ID", "AKIAENV"},
                       {"AWS_SECRET_ACCESS_KEY", "s"},
                       {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/task"}};
  const auto name_source = [&](const std::string& source) {
    Config(
        "[profile push]\nrole_arn = arn:aws:iam::123456789012:role/push\n"
        "credential_source = " +
        source + "\n");
  };
  for (const auto& [source, id] :
       {std::pair("Environment", "AKIAENV"), std::pair("EcsContainer", "ASIATASK"),
        std::pair("Ec2InstanceMetadata", "ASIANODE")}) {
    name_source(source);
    ASSERT_TRUE(Login("push", "{}").ok()) << source;
    EXPECT_EQ(keys_.access_key_id, "ASIAROLE");
    EXPECT_THAT(signed_by_, HasSubstr(std::string("Credential=") + id + "/")) << source;
    ASSERT_EQ(bodies_.size(), 1u);
    EXPECT_THAT(bodies_[0], HasSubstr("Action=AssumeRole&"));
    EXPECT_TRUE(narrowed_);
  }

  machine["http://169.254.169.254/latest/api/token"].status = 404;
  host_.environment = {{"HOME", "/root"}};
  for (const char* source : {"Environment", "EcsContainer", "Ec2InstanceMetadata"}) {
    name_source(source);
    EXPECT_THAT(Login("push").message, HasSubstr("has no keys")) << source;
    EXPECT_THAT(bodies_, ::testing::IsEmpty());
  }
  name_source("environment");
  EXPECT_THAT(Login("push").message, HasSubstr("no source")) << "the names are exact";
}

TEST_F(MachineLoginTest, AProfileMayNameItsOwnTokenFile) {
  Config(
      "[profile pod]\nrole_arn = arn:aws:iam::123456789012:role/pod\n"
      "web_identity_token_file = /var/run/token\nrole_session_name = ci\n"
      "duration_seconds = 900\n");
  host_.files["/var/run/token"] = "one\n";
  // Of the environment's web identity, with which they have nothing to do.
  host_.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/other";
  host_.environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/other";
  host_.environment["AWS_PROFILE"] = "pod";
  for (const char* profile : {"pod", ""}) {
    ASSERT_TRUE(Login(profile, "{}").ok());
    ASSERT_EQ(bodies_.size(), 1u);
    EXPECT_THAT(bodies_[0], HasSubstr("Action=AssumeRoleWithWebIdentity&"));
    EXPECT_THAT(bodies_[0], HasSubstr("role%2Fpod&RoleSessionName=ci&WebIdentityToken=one&"
                                      "DurationSeconds=900&Policy=%7B%7D"));
    EXPECT_EQ(signed_by_, "");
    EXPECT_TRUE(narrowed_);
  }
  host_.files.erase("/var/run/token");
  EXPECT_FALSE(Login("pod").ok());
}

TEST_F(MachineLoginTest, WebIdentityIsNotSignedAndTheFileIsReadAnew) {
  host_.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/token";
  host_.environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/pod";
  for (const char* token : {"one", "two"}) {
    host_.files["/var/run/token"] = std::string(token) + "\n";
    ASSERT_TRUE(Login().ok());
    EXPECT_THAT(bodies_.at(0), HasSubstr(std::string("&WebIdentityToken=") + token + "&"));
    EXPECT_EQ(signed_by_, "");
  }
  host_.environment.erase("AWS_ROLE_ARN");
  EXPECT_EQ(Login().reason, "CONNECTOR_UNUSABLE");
}

TEST_F(MachineLoginTest, RefusesProfilesThatNeedAPersonOrAProgram) {
  for (const char* key : {"mfa_serial", "sso_session", "sso_start_url", "credential_process"}) {
    Config("[default]\n" + std::string(key) + " = x\nrole_arn = r\nsource_profile = default\n");
    const sdk::Status refused = Login();
    EXPECT_EQ(refused.code, GANTRY_FAILED_PRECONDITION) << key;
    EXPECT_THAT(refused.message, HasSubstr(key));
    EXPECT_THAT(refused.remedy, Not(::testing::IsEmpty()));
  }
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(MachineLoginTest, SaysWhatIsWrongWithAProfile) {
  EXPECT_THAT(Login("nowhere").message, HasSubstr("no AWS profile nowhere"));
  host_.environment["AWS_PROFILE"] = "gone";
  EXPECT_THAT(Login().message, HasSubstr("no AWS profile gone"));
  host_.environment.erase("AWS_PROFILE");
  Config(
      "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\n"
      "source_profile = a\n[profile c]\nrole_arn = r\n[profile d]\nregion = x\n");
  EXPECT_THAT(Login("a").message, HasSubstr("each other"));
  EXPECT_THAT(Login("c").message, HasSubstr("no source"));
  EXPECT_THAT(Login("d").message, HasSubstr("no keys and no role"));
  EXPECT_THAT(Login().message, HasSubstr("no AWS identity"));
  host_.local_allowed = false;
  EXPECT_EQ(Login().code, GANTRY_PERMISSION_DENIED);
}

}  // namespace
}  // namespace gantry::aws
