#include "plugins/gcp/gcp_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAccounts[] = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/";

// What gcloud auth application-default login --impersonate-service-account leaves.
class GcpImpersonatedFile : public GcpTest {
 protected:
  GcpImpersonatedFile() {
    AnswerToken(kTokenUrl);
    Answer(kAccounts, 200, R"({"accessToken": "ya29.sa", "expireTime": "2026-11-23T12:30:00Z"})");
    host_.environment = {{"GOOGLE_APPLICATION_CREDENTIALS", "/adc.json"}};
  }

  Outcome LoginWith(const std::string& url, const std::string& more = "",
                    const std::string& source = UserJson()) {
    host_.files["/adc.json"] = R"({"type": "impersonated_service_account", )"
                               R"("service_account_impersonation_url": ")" +
                               url + R"(", "source_credentials": )" + source + more + "}";
    sent_.clear();
    Open("implicit");
    return Login(GANTRY_PULL | GANTRY_HAND_OUT);
  }

  const std::string url_ = std::string(kAccounts) + "a@b:generateAccessToken";
};

TEST_F(GcpImpersonatedFile, ItsUserAsksForTheAccountsToken) {
  ASSERT_TRUE(LoginWith(url_).ok());
  EXPECT_EQ(credential_->secret.Reveal(), "ya29.sa");
  EXPECT_TRUE(credential_->read_only);
  EXPECT_EQ(Form(0, "grant_type"), "refresh_token");
  EXPECT_EQ(Form(0, "scope"), "") << "to impersonate takes all that the user may do";
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].url, url_);
  const sdk::Json asked = sdk::Json::Parse(sent_[1].body);
  EXPECT_EQ(asked["scope"][size_t{0}].Text(), kReadOnlyScope);
  EXPECT_FALSE(asked["delegates"]);
}

TEST_F(GcpImpersonatedFile, NamesTheAccountsInBetween) {
  ASSERT_TRUE(LoginWith(url_, R"(, "delegates": ["c@d", "projects/-/serviceAccounts/117"])").ok());
  const sdk::Json delegates = sdk::Json::Parse(sent_.at(1).body)["delegates"];
  ASSERT_EQ(delegates.size(), 2u);
  EXPECT_EQ(delegates[size_t{0}].Text(), "projects/-/serviceAccounts/c@d");
  EXPECT_EQ(delegates[size_t{1}].Text(), "projects/-/serviceAccounts/117");
  ASSERT_TRUE(LoginWith(url_, R"(, "delegates": [])").ok());
  EXPECT_FALSE(sdk::Json::Parse(sent_.at(1).body)["delegates"]);
}

TEST_F(GcpImpersonatedFile, TheUsersTokenIsSentToGoogleAlone) {
  for (const char* url :
       {"https://evil.example/v1/projects/-/serviceAccounts/a@b:x",
        "http://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:x",
        "https://iamcredentials.googleapis.com/v2/a",
        "https://storage.googleapis.com/v1/projects/-/serviceAccounts/a@b:x"}) {
    const Outcome outcome = LoginWith(url);
    EXPECT_EQ(outcome.reason(), "CONNECTOR_UNUSABLE") << url;
    EXPECT_THAT(outcome.message(), HasSubstr("/adc.json.service_account_impersonation_url"));
    EXPECT_THAT(sent_, IsEmpty()) << url;
  }
}

TEST_F(GcpImpersonatedFile, OneWithinAnotherIsRefused) {
  const Outcome outcome = LoginWith(url_, "", R"({"type": "impersonated_service_account"})");
  EXPECT_EQ(outcome.reason(), "CONNECTOR_UNUSABLE");
  EXPECT_THAT(outcome.message(), HasSubstr("impersonates twice"));
}

}  // namespace
}  // namespace gantry::testing
