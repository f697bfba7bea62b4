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
  absl::StatusOr<LocalLogin> Find(const std::string& type, const std::string& method = "") {
    return FindLocalLogin(call_, environment_, type, method);
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
    EXPECT_THAT(login->fields, ElementsAre(Pair(kind == "authorized_user"
                                                    ? "user_account_json"
                                                    : kind + "_json",
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
