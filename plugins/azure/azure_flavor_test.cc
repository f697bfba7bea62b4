#include "plugins/azure/azure_test_world.h"
#include "tests/conformance/uri_checks.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AzureFlavorTest : public AzureWorld {
 protected:
  std::vector<sdk::Finding> Validate(const std::string& config) {
    return testing::Validate(flavor_, config);
  }
};

TEST_F(AzureFlavorTest, SaysWhatToUseInstead) {
  ExpectTaken(flavor_, {kHost, "myregistry-1a2b3c.azurecr.io/team/vision", ""});
  ExpectRefused(flavor_,
                {{"myregistry.westeurope.data.azurecr.us", "is a data endpoint",
                  "such as myregistry.azurecr.us."},
                 {"myregistry.azurecr.io.evil.example", "not at myregistry.azurecr.io.evil"},
                 {"four.azurecr.io", "no login server", "Copy the login server"}});
  ExpectOwnNamesRefused(flavor_, "/team");
}

TEST_F(AzureFlavorTest, ValidatesHostAndConnector) {
  EXPECT_THAT(Validate(ServicePrincipal()), IsEmpty());
  EXPECT_THAT(Validate(ServicePrincipal("")), IsEmpty()) << "a connector alone";
  EXPECT_THAT(Validate(ConfigJson(kHost, true, kHost)), IsEmpty()) << "a scope-map token";
  const auto authority = Validate(
      Config("service-principal", R"({"authority_host": "http://login.microsoftonline.us"})"));
  ASSERT_EQ(authority.size(), 1u);
  EXPECT_EQ(authority[0].field, "connector.authority_host");
  EXPECT_EQ(
      Validate(Config("managed-identity", R"({"client_id": "a", "object_id": "b"})"))[0].field,
      "connector.client_id");
}

TEST_F(AzureFlavorTest, PushesInOneStream) {
  ASSERT_TRUE(flavor_.Open(ServicePrincipal()).ok());
  std::optional<sdk::Plan> plan;
  ASSERT_TRUE(flavor_.PreparePush({kHost, "team/app", "v1", ""}, &plan).ok());
  EXPECT_EQ(plan->target.repository, "team/app");
  EXPECT_EQ(plan->upload, GANTRY_UPLOAD_STREAM);
  EXPECT_EQ(host_.http_calls, 0);
}

TEST_F(AzureFlavorTest, VerifiesByLoggingIn) {
  std::vector<sdk::Finding> findings;
  ASSERT_TRUE(flavor_.Open(ServicePrincipal("")).ok());
  ASSERT_TRUE(flavor_.Verify(&findings).ok());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_INFO);
  EXPECT_EQ(findings[0].check, "identity");
  EXPECT_EQ(findings[0].message, "application c-1, object o-1, tenant t-1");
  EXPECT_THAT(Urls(), ElementsAre(kSignIn));

  flavor_.Close();
  ASSERT_TRUE(flavor_.Open(ServicePrincipal()).ok());
  answers_[kExchange] = {403, {}, ""};
  EXPECT_EQ(flavor_.Verify(&findings).reason(), "UPSTREAM_DENIED") << "and at the registry, if any";
  flavor_.Close();
  ASSERT_TRUE(flavor_.Open(Config("admin-user", R"({"username": "u"})", "")).ok());
  EXPECT_EQ(flavor_.Verify(&findings).code, GANTRY_UNIMPLEMENTED);
}

TEST_F(AzureFlavorTest, NamesAPersonByTheirName) {
  host_.secrets["token"] = Jwt(R"({"upn":"ada@example.com","oid":"o","tid":"t",)" + Exp(60) + "}");
  std::vector<sdk::Finding> findings;
  ASSERT_TRUE(flavor_.Open(Config("access-token", "{}", "")).ok());
  ASSERT_TRUE(flavor_.Verify(&findings).ok());
  EXPECT_EQ(findings[0].message, "user ada@example.com, object o, tenant t");
}

TEST_F(AzureFlavorTest, APasswordListsNothing) {
  ASSERT_TRUE(flavor_.Open(Config("admin-user", R"({"username": "u"})", "")).ok());
  sdk::ResourcePage page;
  EXPECT_THAT(flavor_.ListResources("", &page).remedy(), HasSubstr("type azure"));
}

}  // namespace
}  // namespace gantry::testing
