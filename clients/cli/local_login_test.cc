#include "clients/cli/local_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"

namespace gantry::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class LocalLoginTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "login.XXXXXX";
    home_ = mkdtemp(pattern.data());
    environment_.variables = {{"HOME", home_}, {"PATH", home_ + "/bin:/usr/bin"}};
  }
  void TearDown() override { std::filesystem::remove_all(home_); }
  void File(const std::string& name, const std::string& content) {
    const std::filesystem::path path = home_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  absl::StatusOr<LocalLogin> Find(const std::string& type, const std::string& method = "",
                                  const std::string& profile = "",
                                  const std::string& role_arn = "") {
    return FindLocalLogin(call_, environment_, {type, method, profile, role_arn});
  }

  std::string home_;
  Environment environment_;
  SystemClock clock_;
  CallContext call_{clock_, std::chrono::seconds(30), "test"};
};

TEST_F(LocalLoginTest, TakesAwsKeysOfTheEnvironmentBeforeThoseOfTheProfile) {
  File(".aws/credentials",
       "# mine\n[default]\naws_access_key_id = A1\naws_secret_access_key=S1\n"
       "[work]\naws_access_key_id = A2\naws_secret_access_key = S2\naws_session_token = T2\n");
  File(".aws/config", "[default]\nregion = eu-west-1\n[profile work]\nregion=us-east-2\n");
  auto login = Find("aws");
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_EQ(login->auth_method, "session-token");
  EXPECT_THAT(login->fields,
              ElementsAre(Pair("aws_access_key_id", "A1"), Pair("aws_secret_access_key", "S1"),
                          Pair("region", "eu-west-1")));
  EXPECT_EQ(Find("aws", "secret-key")->auth_method, "secret-key");

  environment_.variables["AWS_PROFILE"] = "work";
  login = Find("aws");
  EXPECT_EQ(login->auth_method, "sts-token");
  EXPECT_EQ(login->fields["aws_session_token"], "T2");
  EXPECT_EQ(login->fields["region"], "us-east-2");

  environment_.variables["AWS_ACCESS_KEY_ID"] = "A3";
  environment_.variables["AWS_SECRET_ACCESS_KEY"] = "S3";
  environment_.variables["AWS_REGION"] = "us-west-1";
  login = Find("aws");
  EXPECT_EQ(login->auth_method, "session-token");
  EXPECT_EQ(login->fields["aws_access_key_id"], "A3");
  EXPECT_EQ(login->fields["region"], "us-west-1");
  EXPECT_FALSE(login->fields.contains("aws_session_token"));
}

TEST_F(LocalLoginTest, ARoleOfAProfileBecomesOneThatItsSourcesKeysAssume) {
  File(".aws/credentials",
       "[base]\naws_access_key_id = A1\naws_secret_access_key = S1\n"
       "[itself]\naws_access_key_id = A2\naws_secret_access_key = S2\n");
  File(".aws/config",
       "[profile push]\nrole_arn = arn:aws:iam::1:role/push\nsource_profile = base\n"
       "external_id = e1\nrole_session_name = ci\nduration_seconds = 900\nregion = eu-west-1\n"
       "[profile itself]\nrole_arn = r2\nsource_profile = itself\n"
       "[profile env]\nrole_arn = r3\ncredential_source = Environment\n");
  environment_.variables["AWS_PROFILE"] = "push";
  auto login = Find("aws");
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_EQ(login->auth_method, "iam-role");
  EXPECT_THAT(login->fields,
              ElementsAre(Pair("aws_access_key_id", "A1"), Pair("aws_secret_access_key", "S1"),
                          Pair("duration_seconds", "900"), Pair("external_id", "e1"),
                          Pair("region", "eu-west-1"), Pair("role_arn", "arn:aws:iam::1:role/push"),
                          Pair("role_session_name", "ci")));
  login = Find("aws", "secret-key");
  EXPECT_EQ(login->auth_method, "secret-key");
  EXPECT_FALSE(login->fields.contains("role_arn"));

  environment_.variables["AWS_PROFILE"] = "itself";
  EXPECT_EQ(Find("aws")->fields["aws_access_key_id"], "A2");
  EXPECT_EQ(Find("aws")->fields["role_arn"], "r2");

  environment_.variables["AWS_PROFILE"] = "env";
  EXPECT_EQ(Find("aws").status().code(), absl::StatusCode::kInvalidArgument);
  environment_.variables["AWS_ACCESS_KEY_ID"] = "A3";
  environment_.variables["AWS_SECRET_ACCESS_KEY"] = "S3";
  login = Find("aws");
  EXPECT_EQ(login->auth_method, "iam-role");
  EXPECT_EQ(login->fields["aws_access_key_id"], "A3");
  EXPECT_EQ(login->fields["role_arn"], "r3");
}

TEST_F(LocalLoginTest, AProfileAndARoleMayBeAskedFor) {
  File(".aws/credentials",
       "[default]\naws_access_key_id = A1\naws_secret_access_key = S1\n"
       "[dev]\naws_access_key_id = A2\naws_secret_access_key = S2\n"
       "[sso]\naws_access_key_id = A3\naws_secret_access_key = S3\naws_session_token = T3\n");
  File(".aws/config", "[profile dev]\nregion = eu-west-1\n");
  environment_.variables["AWS_ACCESS_KEY_ID"] = "A4";
  environment_.variables["AWS_SECRET_ACCESS_KEY"] = "S4";
  auto login = Find("aws", "", "dev");
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_THAT(login->fields,
              ElementsAre(Pair("aws_access_key_id", "A2"), Pair("aws_secret_access_key", "S2"),
                          Pair("region", "eu-west-1")));
  EXPECT_EQ(login->auth_method, "session-token");
  EXPECT_EQ(Find("aws", "", "dev", "arn:r")->auth_method, "iam-role");
  EXPECT_EQ(Find("aws", "", "", "arn:r")->fields["aws_access_key_id"], "A4");
  EXPECT_EQ(Find("aws", "secret-key", "dev", "arn:r")->auth_method, "secret-key");
  EXPECT_EQ(Find("aws", "implicit", "dev")->fields["profile_name"], "dev");
  EXPECT_EQ(Find("aws", "", "sso", "arn:r").status().code(), absl::StatusCode::kInvalidArgument);
  const auto none = Find("aws", "", "nowhere").status();
  EXPECT_THAT(std::string(MessageOf(none)), HasSubstr("by profile nowhere"));
}

TEST_F(LocalLoginTest, KeysOfASessionAreTakenWithTheirTokenAndNoOther) {
  File(".aws/credentials",
       "[default]\naws_access_key_id = A1\naws_secret_access_key = S1\n"
       "[old]\naws_access_key_id = A2\naws_secret_access_key = S2\naws_security_token = T2\n");
  File(".aws/config", "[default]\naws_session_token = of other keys\n");
  environment_.variables["AWS_SESSION_TOKEN"] = "of other keys";
  auto login = Find("aws");
  EXPECT_EQ(login->auth_method, "session-token");
  EXPECT_FALSE(login->fields.contains("aws_session_token"));

  environment_.variables["AWS_PROFILE"] = "old";
  for (const char* method : {"", "secret-key", "session-token"}) {
    login = Find("aws", method);
    EXPECT_EQ(login->auth_method, "sts-token") << method;
    EXPECT_EQ(login->fields["aws_session_token"], "T2");
    EXPECT_EQ(login->expires, std::nullopt);
  }
  environment_.variables["AWS_ACCESS_KEY_ID"] = "A3";
  environment_.variables["AWS_SECRET_ACCESS_KEY"] = "S3";
  environment_.variables["AWS_SESSION_TOKEN"] = "T3";
  environment_.variables["AWS_CREDENTIAL_EXPIRATION"] = "2026-11-23T12:00:00+00:00";
  login = Find("aws");
  EXPECT_EQ(login->auth_method, "sts-token");
  EXPECT_EQ(login->fields["aws_session_token"], "T3");
  EXPECT_EQ(login->expires, WallTime(std::chrono::seconds(1795435200)));
  environment_.variables.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_EQ(Find("aws").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LocalLoginTest, SaysWhichProfilesAConnectorCannotHold) {
  File(".aws/credentials",
       "[base]\naws_access_key_id = A1\naws_secret_access_key = S1\n"
       "[session]\naws_access_key_id = A2\naws_secret_access_key = S2\naws_session_token = T2\n");
  File(".aws/config",
       "[profile mfa]\nrole_arn = r\nsource_profile = base\nmfa_serial = m\n"
       "[profile sso]\nsso_session = x\n"
       "[profile tool]\ncredential_process = x\n"
       "[profile chain]\nrole_arn = r\nsource_profile = link\n"
       "[profile link]\nrole_arn = r\nsource_profile = base\n"
       "[profile lent]\nrole_arn = r\nsource_profile = session\n"
       "[profile empty]\nrole_arn = r\nsource_profile = nobody\n"
       "[profile none]\nrole_arn = r\n"
       "[profile machine]\nrole_arn = r\ncredential_source = Ec2InstanceMetadata\n"
       "[profile pod]\nrole_arn = r\nweb_identity_token_file = /f\n");
  const struct {
    const char *profile, *why, *remedy;
  } kCases[] = {{"mfa", "mfa_serial", "export-credentials --profile mfa"},
                {"sso", "through a browser", "export-credentials --profile sso"},
                {"tool", "credential_process", "export-credentials --profile tool"},
                {"chain", "by the role of link", "export-credentials --profile chain"},
                {"lent", "keys of profile session, which are those of a session", "--profile lent"},
                {"empty", "keys of profile nobody, which has none", "source_profile"},
                {"none", "no source of keys", "source_profile"},
                {"machine", "this very machine", "--auth-method implicit --role_arn=r"},
                {"pod", "this very machine", "--auth-method web-identity --role_arn=r"}};
  for (const auto& row : kCases) {
    environment_.variables["AWS_PROFILE"] = row.profile;
    const auto login = Find("aws");
    EXPECT_EQ(ReasonOf(login.status()), reason::kSourceInvalid) << row.profile;
    EXPECT_THAT(MessageOf(login.status()), HasSubstr(row.why));
    EXPECT_THAT(DetailOf(login.status()).remedy, HasSubstr(row.remedy));
  }
}

TEST_F(LocalLoginTest, TakesTheEndpointsThatAwssToolsUse) {
  File(".aws/credentials", "[default]\naws_access_key_id = A1\naws_secret_access_key = S1\n");
  File(".aws/config", "[default]\nendpoint_url = https://profile.example\n");
  EXPECT_EQ(Find("aws")->fields["endpoint_url"], "https://profile.example");
  environment_.variables["AWS_ENDPOINT_URL"] = "https://all.example";
  environment_.variables["AWS_ENDPOINT_URL_STS"] = "https://sts.example";
  environment_.variables["AWS_ENDPOINT_URL_ECR"] = "https://ecr.example";
  auto login = Find("aws");
  EXPECT_EQ(login->fields["endpoint_url"], "https://all.example");
  EXPECT_EQ(login->fields["sts_endpoint_url"], "https://sts.example");
  EXPECT_EQ(login->fields["ecr_endpoint_url"], "https://ecr.example");
  EXPECT_THAT(Find("aws", "implicit")->fields, ::testing::IsEmpty());
  environment_.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_FALSE(Find("aws")->fields.contains("endpoint_url"));
}

TEST_F(LocalLoginTest, MethodsOfTheDaemonsMachineTakeNoKeys) {
  environment_.variables["AWS_ACCESS_KEY_ID"] = "A3";
  environment_.variables["AWS_SECRET_ACCESS_KEY"] = "S3";
  environment_.variables["AWS_PROFILE"] = "work";
  environment_.variables["AWS_REGION"] = "eu-west-1";
  EXPECT_THAT(Find("aws", "implicit")->fields,
              ElementsAre(Pair("profile_name", "work"), Pair("region", "eu-west-1")));
  EXPECT_THAT(Find("aws", "web-identity")->fields, ElementsAre(Pair("region", "eu-west-1")));
}

TEST_F(LocalLoginTest, TakesGooglesFileByItsKind) {
  const std::pair<std::string, std::string> kKinds[] = {{"service_account", "service-account"},
                                                        {"authorized_user", "user-account"},
                                                        {"external_account", "external-account"}};
  for (const auto& [kind, method] : kKinds) {
    File(".config/gcloud/application_default_credentials.json", "{\"type\": \"" + kind + "\"}");
    const auto login = Find("gcp");
    ASSERT_TRUE(login.ok()) << login.status();
    EXPECT_EQ(login->auth_method, method);
    EXPECT_EQ(Find("gcp", method)->auth_method, method);
    EXPECT_EQ(Find("gcp", "implicit").status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(login->fields,
                ElementsAre(Pair(kind == "authorized_user" ? "user_account_json" : kind + "_json",
                                 ::testing::HasSubstr(kind))));
  }
  environment_.variables["GOOGLE_APPLICATION_CREDENTIALS"] = home_ + "/key.json";
  File("key.json", "[]");
  EXPECT_EQ(Find("gcp").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LocalLoginTest, AsksTheAzureCliForAToken) {
  File("bin/az",
       "#!/bin/sh\n[ \"$*\" = \"account get-access-token --resource "
       "https://containerregistry.azure.net --output json\" ] || exit 1\n"
       "echo '{\"accessToken\": \"eyJ\", \"expires_on\": 1795435200}'\n");
  chmod((home_ + "/bin/az").c_str(), 0755);
  const auto login = Find("azure");
  ASSERT_TRUE(login.ok()) << login.status();
  EXPECT_EQ(login->auth_method, "access-token");
  EXPECT_THAT(login->fields, ElementsAre(Pair("token", "eyJ")));
  EXPECT_EQ(login->expires, WallTime(std::chrono::seconds(1795435200)));
  EXPECT_EQ(Find("azure", "managed-identity").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LocalLoginTest, NothingFoundSaysWhatToDo) {
  environment_.variables["PATH"] = home_;
  for (const char* type : {"aws", "gcp", "azure"}) {
    const auto login = Find(type);
    EXPECT_EQ(login.status().code(), absl::StatusCode::kNotFound) << type;
    EXPECT_FALSE(DetailOf(login.status()).remedy.empty());
  }
  EXPECT_EQ(Find("docker").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gantry::cli
