// Connectors that a cloud's flavor knows more about than their schema says.
#include "gantryd/connectors/connector_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A connector of the flavor "cloud", which is tried by the cloud's own login.
struct CloudConnectorTest : ConnectorTest {
  CloudConnectorTest() {
    cloud.verify = [](const CallContext&, InstanceHost& host) -> absl::StatusOr<std::vector<Finding>> {
      if (!host.GetSecret("key_file").ok()) return Internal(reason::kInternal, "no secret");
      return std::vector<Finding>{{Finding::Level::kInfo, "identity", "", "logged in as robot", ""}};
    };
  }
  static ConnectorInput Key() {
    ConnectorInput input = Input(R"({"key_file": {"k": 1}})");
    input.type = "cloud";
    input.auth_method = "key";
    return input;
  }
  FlavorBehaviour& cloud = w.catalog.flavor("cloud").behaviour;
};

TEST_F(CloudConnectorTest, IsTriedByTheCloudsOwnLogin) {
  const ConnectorRecord record = Create(Key());
  EXPECT_EQ(record.verification, Verification::kAccepted);
  EXPECT_EQ(record.verification_message, "logged in as robot");
  EXPECT_EQ(record.verification_host, "");
}

TEST_F(CloudConnectorTest, ARefusalSaysWhatItMeansAndIsNotStored) {
  cloud.verify = [](const CallContext&, InstanceHost&) -> absl::StatusOr<std::vector<Finding>> {
    return PermissionDenied(reason::kUpstreamDenied, "no such role").With("httpStatus", "403");
  };
  const auto refused = connectors.Create(w.call, Key(), false);
  EXPECT_THAT(refused.status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kUpstreamAuthRejected));
  EXPECT_THAT(MessageOf(refused.status()), HasSubstr("the role is missing; Grant it."));
  EXPECT_FALSE(w.store.GetConnector("c").ok());
}

TEST_F(CloudConnectorTest, IsCheckedByItsFlavorBeforeItIsTriedOrStored) {
  std::string seen;
  cloud.validate = [&](const std::string& config) {
    seen = config;
    return std::vector<Finding>{
        {Finding::Level::kWarning, "", "connector.zone", "the zone is old", "leave it out"},
        {Finding::Level::kError, "", "connector.key_file", "names two robots", "keep one"}};
  };
  cloud.verify = [](const CallContext&, InstanceHost&) -> absl::StatusOr<std::vector<Finding>> {
    ADD_FAILURE() << "tried all the same";
    return std::vector<Finding>();
  };
  const absl::Status refused = connectors.Create(w.call, Key(), false).status();
  EXPECT_THAT(refused, FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig));
  EXPECT_THAT(Fields(refused), ElementsAre("config.key_file"));
  EXPECT_THAT(MessageOf(refused), HasSubstr("names two robots: keep one"));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ((*ParseJson(seen))["uri"], "");
  EXPECT_EQ((*ParseJson(seen))["connector"]["auth_method"], "key");
  EXPECT_FALSE(w.store.GetConnector("c").ok());
  EXPECT_THAT(connectors.Create(w.call, Key(), true).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig))
      << "not trying it is no way around";

  cloud.validate = nullptr;
  Create(Key(), true);
  cloud.validate = [](const std::string&) {
    return std::vector<Finding>{{Finding::Level::kError, "", "", "is wrong", ""}};
  };
  EXPECT_THAT(Fields(connectors.Update(w.call, Key(), true).status()), ElementsAre("config"));
}

TEST_F(CloudConnectorTest, WhatIsOddIsStoredAndTold) {
  cloud.validate = [](const std::string& config) {
    const bool alone = (*ParseJson(config))["uri"] == "";
    return std::vector<Finding>{{Finding::Level::kWarning, "", "connector.zone",
                                 alone ? "the zone is old" : "the zone is another", "drop it"},
                                {Finding::Level::kInfo, "", "", "all is well", ""}};
  };
  std::vector<std::string> warnings;
  ASSERT_TRUE(connectors.Create(w.call, Key(), true, &warnings).ok());
  EXPECT_THAT(warnings, ElementsAre("the zone is old: drop it"));
  RegistryRecord record = w.Record("r", "eu.cloud.example");
  record.flavor = "cloud";
  record.connector = "c";
  ASSERT_TRUE(w.registries.Create(w.call, record, &warnings).ok());
  EXPECT_THAT(warnings, ElementsAre("the zone is another: drop it"));
  ASSERT_TRUE(connectors.Update(w.call, Key(), true, &warnings).ok());
  EXPECT_THAT(warnings,
              ElementsAre("the zone is old: drop it", "registry r: the zone is another: drop it"));
}

TEST_F(CloudConnectorTest, AnUpdateMustSuitItsRegistriesByTheirFlavorToo) {
  Create(Key(), true);
  RegistryRecord record = w.Record("r", "eu.cloud.example");
  record.flavor = "cloud";
  record.connector = "c";
  w.Register(record);
  cloud.validate = [](const std::string& config) {
    std::vector<Finding> findings;
    if ((*ParseJson(config))["uri"] != "") {
      findings.push_back({Finding::Level::kError, "", "connector.zone", "is another", ""});
    }
    return findings;
  };
  const absl::Status refused = connectors.Update(w.call, Key(), true).status();
  EXPECT_THAT(Fields(refused), ElementsAre("config.zone"));
  EXPECT_THAT(MessageOf(refused), HasSubstr("registry r: is another"));
}

TEST_F(CloudConnectorTest, ImplicitLoginsNeedTheOperatorsLeave) {
  ConnectorInput input = Key();
  input.auth_method = "implicit";
  input.config_json = Secret("{}");
  const auto refused = connectors.Create(w.call, input, true);
  EXPECT_THAT(refused.status(),
              FailsWith(StatusCode::kPermissionDenied, reason::kImplicitLoginNotAllowed));
  EXPECT_THAT(DetailOf(refused.status()).remedy, HasSubstr("--allow-implicit-login"));

  LocalIdentity identity{Environment()};
  RegistryPool pool(w.store, w.catalog, w.http, w.gates, w.docker_login, &identity);
  ConnectorManager allowed(w.store, w.catalog, pool, w.clock);
  EXPECT_TRUE(allowed.Create(w.call, input, true).ok());
}

TEST_F(CloudConnectorTest, IsToldOfARegistryThatItIsFor) {
  InProcessFlavor& flavor = w.catalog.flavor("cloud");
  const auto told = [&] {
    return (*ParseJson(flavor.last_config))["connector"].value("registry", "none");
  };
  cloud.list_resources = [](const std::string&) { return FlavorInstance::ResourcePage(); };
  Create(Key());
  EXPECT_EQ(told(), "none");
  for (const char* name : {"b", "a"}) {
    RegistryRecord record = w.Record(name, std::string(name) + ".cloud.example");
    record.flavor = "cloud";
    record.connector = "c";
    w.Register(record);
  }
  ASSERT_TRUE(connectors.ListResources(w.call, "c", "").ok());
  EXPECT_EQ(told(), "a.cloud.example") << "the first one";
  EXPECT_EQ((*ParseJson(flavor.last_config))["uri"], "") << "it still works alone";

  ConnectorInput input = Key();
  input.name = "d";
  input.resource_id = "z.cloud.example/team";
  Create(input, true);
  ASSERT_TRUE(connectors.ListResources(w.call, "d", "").ok());
  EXPECT_EQ(told(), "z.cloud.example/team");
}

TEST_F(CloudConnectorTest, ListsWhatItReachesPageByPage) {
  Create(Key());
  std::string asked;
  cloud.list_resources =
      [&](const std::string& token) -> absl::StatusOr<FlavorInstance::ResourcePage> {
    asked = token;
    if (!token.empty()) return FlavorInstance::ResourcePage{{{"b.cloud.example", "B"}}, "", {}};
    return FlavorInstance::ResourcePage{{{"a.cloud.example", "A"}}, "next", {"it lacks the c"}};
  };
  const auto first = connectors.ListResources(w.call, "c", "");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->resources.at(0).uri, "a.cloud.example");
  EXPECT_THAT(first->warnings, ElementsAre("it lacks the c"));
  const auto second = connectors.ListResources(w.call, "c", first->next_page_token);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(asked, "next");
  EXPECT_EQ(second->next_page_token, "");
  EXPECT_THAT(connectors.ListResources(w.call, "c", "forged").status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidArgument));
}

TEST_F(CloudConnectorTest, ListsNothingBesideItsResource) {
  ConnectorInput input = Key();
  input.resource_id = "b.cloud.example/team";
  Create(input, true);
  cloud.list_resources = [](const std::string&) -> absl::StatusOr<FlavorInstance::ResourcePage> {
    return FlavorInstance::ResourcePage{{{"a.cloud.example", ""},
                                         {"b.cloud.example", ""},
                                         {"b.cloud.example/team/vision", ""},
                                         {"b.cloud.example/teams", ""}},
                                        "",
                                        {}};
  };
  const auto page = connectors.ListResources(w.call, "c", "");
  ASSERT_TRUE(page.ok()) << page.status();
  std::vector<std::string> uris;
  for (const Resource& resource : page->resources) uris.push_back(resource.uri);
  EXPECT_THAT(uris, ElementsAre("b.cloud.example", "b.cloud.example/team/vision"));
}

}  // namespace
}  // namespace gantry
