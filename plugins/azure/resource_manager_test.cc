#include "plugins/azure/azure_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ListResources : public AzureWorld {
 protected:
  static constexpr char kApi[] = "https://management.azure.com/";

  // {"value": [items], "nextLink"}
  static sdk::HttpResponse Page(const std::string& items, const std::string& next = "") {
    return {200,
            {},
            "{\"value\":[" + items + "]" + (next.empty() ? "" : ",\"nextLink\":\"" + next + "\"") +
                "}"};
  }
  static std::string Registry(const std::string& host) {
    return R"({"location":"westeurope","sku":{"name":"Premium"},"properties":{"loginServer":")" +
           host + "\"}}";
  }
  static std::string Path(const std::string& subscription, const std::string& group = "") {
    return std::string(kApi) + "subscriptions/" + subscription +
           (group.empty() ? "" : "/resourceGroups/" + group) +
           "/providers/Microsoft.ContainerRegistry/registries";
  }
  Outcome List(const std::string& more = "") {
    flavor_.Close();
    EXPECT_TRUE(flavor_
                    .Open(Config("service-principal",
                                 R"({"tenant_id": "t-1", "client_id": "c-1")" + more + "}", ""))
                    .ok());
    return flavor_.ListResources("", &page_);
  }
  std::vector<std::string> Uris() const {
    std::vector<std::string> uris;
    for (const auto& resource : page_.resources) uris.push_back(resource.uri);
    return uris;
  }
  sdk::ResourcePage page_;
};

TEST_F(ListResources, FollowsAllPagesOfAllSubscriptions) {
  answers_[std::string(kApi) + "subscriptions"] =
      Page(R"({"subscriptionId":"s1"})", std::string(kApi) + "more");
  answers_[std::string(kApi) + "more"] = Page(R"({"subscriptionId":"s2"})");
  answers_[Path("s1")] = Page(Registry("first.azurecr.io"), std::string(kApi) + "next?a=b");
  answers_[std::string(kApi) + "next"] = Page(Registry("second-1a2b.azurecr.io"));
  answers_[Path("s2")] = Page(Registry("third.azurecr.io") + ",{}");
  const Outcome outcome = List();
  ASSERT_TRUE(outcome.ok()) << outcome.message();
  EXPECT_THAT(Uris(),
              ElementsAre("first.azurecr.io", "second-1a2b.azurecr.io", "third.azurecr.io"));
  EXPECT_EQ(page_.resources[0].description, "Premium registry in westeurope, subscription s1");
  EXPECT_EQ(page_.next_page_token, "");
  EXPECT_THAT(seen_[0].body, HasSubstr("scope=https%3A%2F%2Fmanagement.azure.com%2F.default"));
  EXPECT_EQ(seen_[1].headers[0].second, "Bearer " + EntraToken());
}

TEST_F(ListResources, LooksWhereTheConnectorSays) {
  answers_[Path("s9", "my%20group")] = Page(Registry("ninth.azurecr.io"));
  ASSERT_TRUE(List(R"(, "subscription_id": "s9", "resource_group": "my group")").ok());
  EXPECT_THAT(Uris(), ElementsAre("ninth.azurecr.io"));
}

TEST_F(ListResources, AGroupNeedNotBeInEverySubscription) {
  answers_[std::string(kApi) + "subscriptions"] =
      Page(R"({"subscriptionId":"s1"},{"subscriptionId":"s2"})");
  answers_[Path("s1", "g")] = {404, {}, R"({"error":{"code":"ResourceGroupNotFound"}})"};
  answers_[Path("s2", "g")] = Page(Registry("second.azurecr.io"));
  ASSERT_TRUE(List(R"(, "resource_group": "g")").ok());
  EXPECT_THAT(Uris(), ElementsAre("second.azurecr.io"));
}

TEST_F(ListResources, TakesItsTokenNowhereElse) {
  for (const char* next : {"https://evil.example/subscriptions",
                           "https://management.azure.com.evil/", "http://management.azure.com/"}) {
    answers_[Path("s1")] = Page(Registry("first.azurecr.io"), next);
    EXPECT_EQ(List(R"(, "subscription_id": "s1")").reason(), "UPSTREAM_PROTOCOL") << next;
    EXPECT_THAT(seen_.back().url, HasSubstr("https://management.azure.com/subscriptions"));
  }
}

TEST_F(ListResources, PassesTheApisRefusalOn) {
  answers_[Path("s1")] = {
      403, {}, R"({"error":{"code":"AuthorizationFailed","message":"no role"}})"};
  const Outcome outcome = List(R"(, "subscription_id": "s1")");
  EXPECT_EQ(outcome.reason(), "UPSTREAM_DENIED");
  EXPECT_EQ(outcome.message(),
            "management.azure.com refused to list the registries of subscription "
            "s1 (HTTP 403, AuthorizationFailed): no role");
}

TEST_F(ListResources, AsksTheApiOfTheConnectorsCloud) {
  answers_["https://login.microsoftonline.us/t-1/oauth2/v2.0/token"] = answers_[kSignIn];
  List(R"(, "subscription_id": "s1", "authority_host": "login.microsoftonline.us")");
  EXPECT_THAT(seen_.back().url,
              HasSubstr("https://management.usgovcloudapi.net/subscriptions/s1/"));
}

}  // namespace
}  // namespace gantry::testing
