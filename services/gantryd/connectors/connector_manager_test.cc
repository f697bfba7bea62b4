#include "gantryd/connectors/connector_manager.h"

#include "gantryd/connectors/connector_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Auth = InProcessRegistry::Auth;

TEST_F(ConnectorTest, TypesAreThoseOfTheLoadedFlavors) {
  const auto types = connectors.Types();
  ASSERT_EQ(types.size(), 2u);
  EXPECT_EQ(types[0].info.type, "cloud");
  EXPECT_EQ(types[1].info.type, "docker");
  EXPECT_THAT(types[1].flavors, ElementsAre("default"));
  EXPECT_EQ(types[1].info.auth_methods.size(), 1u);
}

TEST_F(ConnectorTest, SecretsArePartedFromTheRest) {
  const ConnectorRecord made = Create(Input(Config("s3cret", "ghcr.io")), true);
  EXPECT_EQ(*ParseJson(made.config_json), *ParseJson(R"({"username":"me","registry":"ghcr.io"})"));
  ASSERT_EQ(made.secrets.size(), 1u);
  EXPECT_EQ(made.secrets.at("password").Reveal(), "s3cret");
  EXPECT_EQ(made.verification, Verification::kSkipped);

  ConnectorInput cloud = Input(R"({"key_file":{"id":"k"}})", "k");
  cloud.type = "cloud";
  cloud.auth_method = "key";
  EXPECT_EQ(Create(cloud, true).secrets.at("key_file").Reveal(), R"({"id":"k"})");
}

TEST_F(ConnectorTest, WrongInputIsNamedWithoutTheSecret) {
  const auto refused = connectors.Create(
      w.call, Input(R"({"password":"s3cret","pasword":"s3cret","registry":7})"), true);
  EXPECT_THAT(refused.status(), FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig));
  EXPECT_THAT(Fields(refused.status()), ElementsAre("config.pasword"));
  EXPECT_THAT(refused.status().ToString(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(Fields(connectors.Create(w.call, Input("{}"), true).status()),
              ::testing::UnorderedElementsAre("config.username", "config.password"));
  EXPECT_THAT(Fields(connectors.Create(w.call, Input(Config("p", "a b")), true).status()),
              ElementsAre("config.registry"));
  EXPECT_THAT(Fields(connectors.Create(w.call, Input(Config("p"), "Bad"), true).status()),
              ElementsAre("name"));
  ConnectorInput input = Input(Config("p"));
  input.auth_method = "token";
  const absl::Status method = connectors.Create(w.call, input, true).status();
  EXPECT_THAT(Fields(method), ElementsAre("auth_method"));
  EXPECT_THAT(MessageOf(method), HasSubstr("there is password"));
  input.type = "dcker";
  const absl::Status type = connectors.Create(w.call, input, true).status();
  EXPECT_THAT(Fields(type), ElementsAre("type"));
  EXPECT_THAT(MessageOf(type), HasSubstr("cloud, docker"));
}

TEST_F(ConnectorTest, ARefusedCredentialIsNotStored) {
  for (const Auth auth : {Auth::kBasic, Auth::kBearer}) {
    w.server.auth = auth;
    const auto refused = connectors.Create(w.call, Input(Config("wr0ng", w.host)), false);
    EXPECT_THAT(refused.status(),
                FailsWith(StatusCode::kFailedPrecondition, reason::kUpstreamAuthRejected));
    EXPECT_THAT(MessageOf(refused.status()), HasSubstr(w.host));
    EXPECT_THAT(refused.status().ToString(), Not(HasSubstr("wr0ng")));
    EXPECT_FALSE(DetailOf(refused.status()).remedy.empty());
    EXPECT_THAT(connectors.Get(w.call, "c").status(),
                FailsWith(StatusCode::kNotFound, reason::kConnectorNotFound));
  }
}

TEST_F(ConnectorTest, AnAcceptedCredentialIsStoredAndSaysWhere) {
  for (const Auth auth : {Auth::kBasic, Auth::kBearer}) {
    w.server.auth = auth;
    const ConnectorRecord made = Create(Input(Config("right", "http://" + w.host + "/v2/"),
                                              auth == Auth::kBasic ? "basic" : "bearer"));
    EXPECT_EQ(made.verification, Verification::kAccepted);
    EXPECT_EQ(made.verification_host, w.host);
    EXPECT_EQ(made.verification_time, w.clock.Now());
  }
  EXPECT_GT(w.server.token_requests, 0);
}

TEST_F(ConnectorTest, ARegistryThatAsksForNoLoginProvesNothing) {
  const ConnectorRecord made = Create(Input(Config("whatever", w.host)));
  EXPECT_EQ(made.verification, Verification::kAccepted);
  EXPECT_THAT(made.verification_message, HasSubstr("the credential was not tried"));
}

TEST_F(ConnectorTest, WhatCannotBeTriedNowIsStored) {
  const ConnectorRecord made = Create(Input(Config("p", "ghcr.io")));
  EXPECT_EQ(made.verification, Verification::kUnreachable);
  EXPECT_EQ(made.verification_host, "ghcr.io");
  EXPECT_THAT(made.verification_message, HasSubstr("host name is not known"));
}

TEST_F(ConnectorTest, ASlowRegistryTakesFifteenSecondsAtMost) {
  w.server.fail = [&](const SeenRequest&) {
    w.clock.Advance(std::chrono::seconds(16));
    return Answer(401, {{"WWW-Authenticate", "Basic realm=\"r\""}});
  };
  const ConnectorRecord made = Create(Input(Config("p", w.host)));
  EXPECT_EQ(made.verification, Verification::kUnreachable);
  EXPECT_THAT(made.verification_message, HasSubstr("gave no answer in time"));
  EXPECT_EQ(w.http.seen().size(), 1u);
}

TEST_F(ConnectorTest, ACancelledCallStoresNothing) {
  w.server.fail = [&](const SeenRequest&) -> absl::StatusOr<HttpResponse> {
    w.call.RequestStop();
    return w.call.Check();
  };
  EXPECT_EQ(connectors.Create(w.call, Input(Config("p", w.host)), false).status().code(),
            StatusCode::kCancelled);
  EXPECT_FALSE(w.store.GetConnector("c").ok());
}

TEST_F(ConnectorTest, WithoutARegistryNobodyIsShownThePassword) {
  const ConnectorRecord made = Create(Input(Config("right")));
  EXPECT_EQ(made.verification, Verification::kSkipped);
  EXPECT_THAT(made.verification_message, HasSubstr("--connector c"));
  EXPECT_TRUE(w.http.seen().empty());
}

TEST_F(ConnectorTest, OtherTypesAreTriedWhereTheyAreLinkedOnly) {
  ConnectorInput cloud = Input(R"({"key_file":{"id":"k"}})");
  cloud.type = "cloud";
  cloud.auth_method = "key";
  const ConnectorRecord made = Create(cloud);
  EXPECT_EQ(made.verification, Verification::kSkipped);
  EXPECT_THAT(made.verification_message, HasSubstr("--connector c"));
  RegistryRecord record = w.Record("r", w.host);
  record.flavor = "cloud";
  record.connector = "c";
  w.Register(record);
  const auto tried = connectors.Verify(w.call, "c");
  ASSERT_TRUE(tried.ok());
  EXPECT_EQ((*tried)[0].registry_host, w.host);
}

TEST_F(ConnectorTest, TheHostsOwnRegistryLendsItsTransport) {
  RegistryRecord record = w.Record("r", "https://" + w.host);
  record.skip_tls_verify = true;
  w.Register(record);
  Create(Input(Config("p", w.host)));
  EXPECT_TRUE(w.http.seen().back().transport.skip_tls_verify);
  EXPECT_THAT(w.http.seen().back().url, HasSubstr("https://"));
}

TEST_F(ConnectorTest, OfSeveralRegistriesOfAHostTheLinkedOneCounts) {
  w.Register("a", w.host);
  Create(Input(Config("p", w.host)), true);
  Link("b", "https://" + w.host);
  ASSERT_TRUE(connectors.Verify(w.call, "c").ok());
  EXPECT_THAT(w.http.seen().back().url, HasSubstr("https://"));
}

TEST_F(ConnectorTest, UpdateKeepsTheSecretsThatAreLeftOut) {
  w.server.auth = Auth::kBasic;
  Create(Input(Config("right")), true);
  Link("r", w.host);
  ConnectorInput change = Input(R"({"username":"me"})");
  change.type = change.auth_method = "";
  change.description = "new";
  const auto updated = connectors.Update(w.call, change, false);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->secrets.at("password").Reveal(), "right");
  EXPECT_EQ(updated->description, "new");
  EXPECT_EQ(updated->verification, Verification::kAccepted);

  const auto wrong = connectors.Update(w.call, Input(Config("wr0ng")), false);
  EXPECT_THAT(wrong.status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kUpstreamAuthRejected));
  EXPECT_EQ(w.store.GetConnector("c")->secrets.at("password").Reveal(), "right");

  EXPECT_THAT(
      Fields(
          connectors.Update(w.call, Input(R"({"username":"me","password":null})"), true).status()),
      ElementsAre("config.password"));
  change.type = "cloud";
  EXPECT_THAT(Fields(connectors.Update(w.call, change, true).status()),
              ElementsAre("connector.type"));
}

TEST_F(ConnectorTest, UpdateMindsWhoWasFaster) {
  ConnectorRecord made = Create(Input(Config("one")), true);
  ConnectorInput change = Input(R"({"username":"you"})");
  change.version = made.version + 1;
  EXPECT_THAT(connectors.Update(w.call, change, true).status(),
              FailsWith(StatusCode::kAborted, reason::kEtagMismatch));
  w.store.before_update = [&] {
    made.secrets.insert_or_assign("password", Secret("two"));
    ASSERT_TRUE(w.store.UpdateConnector(made).ok());
  };
  change.version = 0;
  const auto updated = connectors.Update(w.call, change, true);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->secrets.at("password").Reveal(), "two") << "no newer secret is undone";
}

TEST_F(ConnectorTest, UpdateMustStillFitTheLinkedRegistries) {
  Create(Input(Config("p")), true);
  Link("r", "ghcr.io/me");
  const auto moved = connectors.Update(w.call, Input(Config("p", "quay.io")), true);
  EXPECT_THAT(moved.status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorMismatch));
  EXPECT_THAT(MessageOf(moved.status()), HasSubstr("registry r: connector c is for quay.io"));
}

TEST_F(ConnectorTest, VerifyTriesEveryLinkedHostAndRemembersTheWorst) {
  w.server.auth = Auth::kBasic;
  Create(Input(Config("right")), true);
  Link("a", w.host);
  Link("b", w.host + "/team");
  Link("z", "ghcr.io/me");
  const auto results = connectors.Verify(w.call, "c");
  ASSERT_TRUE(results.ok());
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ((*results)[0].state, Verification::kAccepted);
  EXPECT_EQ((*results)[1].state, Verification::kUnreachable);
  EXPECT_EQ(w.store.GetConnector("c")->verification, Verification::kUnreachable);
  w.server.password = "changed";
  EXPECT_EQ((*connectors.Verify(w.call, "c"))[0].state, Verification::kRejected);
  EXPECT_EQ(w.store.GetConnector("c")->verification, Verification::kRejected);
  EXPECT_THAT(connectors.Verify(w.call, "none").status(),
              FailsWith(StatusCode::kNotFound, reason::kConnectorNotFound));
}

TEST_F(ConnectorTest, NamesAreTakenOnceAndListsHavePages) {
  Create(Input(Config("p"), "a"), true);
  Create(Input(Config("p"), "b"), true);
  w.server.auth = Auth::kBasic;
  EXPECT_THAT(connectors.Create(w.call, Input(Config("p", w.host), "a"), false).status(),
              FailsWith(StatusCode::kAlreadyExists, reason::kConnectorExists));
  EXPECT_EQ(w.http.seen().size(), 0u) << "a credential is not tried in vain";
  const auto first = connectors.List(w.call, 1, "");
  ASSERT_EQ(first->records.size(), 1u);
  EXPECT_EQ(connectors.List(w.call, 1, first->next_page_token)->records[0].name, "b");
  EXPECT_FALSE(w.registries.List(w.call, 1, first->next_page_token).ok());
  EXPECT_TRUE(connectors.Delete(w.call, "a", 0).ok());
}

TEST_F(ConnectorTest, ASecretIsNotKeptForAnotherDestination) {
  Create(Input(Config("right", "localhost:5000")), true);
  const auto moved =
      connectors.Update(w.call, Input(R"({"username":"me","registry":"localhost:6000"})"), true);
  EXPECT_THAT(moved.status(), FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig));
  EXPECT_THAT(Fields(moved.status()), ElementsAre("config.password"));
  EXPECT_THAT(std::string(MessageOf(moved.status())), Not(HasSubstr("right")));
  EXPECT_THAT(connectors.Update(w.call, Input(R"({"username":"me"})"), true).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidConfig))
      << "without a registry it goes to any";
  EXPECT_TRUE(
      connectors.Update(w.call, Input(R"({"username":"you","registry":"localhost:5000"})"), true)
          .ok());
  EXPECT_TRUE(connectors.Update(w.call, Input(Config("other", "localhost:6000")), true).ok());
}

TEST_F(ConnectorTest, AResourceIdConfinesItToOneRegistry) {
  ConnectorInput input = Input(Config("p"));
  input.resource_id = "https://GHCR.io/acme/";
  EXPECT_EQ(Create(input, true).resource_id, "ghcr.io/acme");
  Link("r", "ghcr.io/acme/team");
  RegistryRecord record = w.Record("s", "ghcr.io/acmelike");
  record.connector = "c";
  const absl::Status refused = w.registries.Create(w.call, record).status();
  EXPECT_THAT(refused, FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorMismatch));
  EXPECT_THAT(MessageOf(refused), HasSubstr("may be used for ghcr.io/acme alone"));
  EXPECT_THAT(DetailOf(refused).remedy, HasSubstr("--resource-id ghcr.io/acmelike"));
  record.uri = "quay.io/acme";
  EXPECT_THAT(w.registries.Create(w.call, record).status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorMismatch));

  input.resource_id = "ghcr.io/other";
  EXPECT_THAT(connectors.Update(w.call, input, true).status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorMismatch));
  input.resource_id = "ghcr.io";
  EXPECT_TRUE(connectors.Update(w.call, input, true).ok());

  input.resource_id = "a b";
  EXPECT_THAT(Fields(connectors.Create(w.call, input, true).status()), ElementsAre("resource_id"));
  input = Input(Config("p", "quay.io"), "d");
  input.resource_id = "ghcr.io/acme";
  EXPECT_THAT(Fields(connectors.Create(w.call, input, true).status()), ElementsAre("resource_id"));
}

TEST_F(ConnectorTest, SecretsStayWithTheHostOfTheResourceId) {
  ConnectorInput input = Input(Config("p"));
  input.resource_id = "ghcr.io/acme";
  Create(input, true);
  input = Input(R"({"username":"you"})");
  for (const char* elsewhere : {"", "evil.example", "ghcr.io:444/acme"}) {
    input.resource_id = elsewhere;
    EXPECT_THAT(Fields(connectors.Update(w.call, input, true).status()),
                ElementsAre("config.password"))
        << elsewhere;
  }
  input.resource_id = "ghcr.io";
  EXPECT_TRUE(connectors.Update(w.call, input, true).ok()) << "it is the same host";
  input = Input(Config("other"));
  EXPECT_TRUE(connectors.Update(w.call, input, true).ok()) << "given again";
}

TEST_F(ConnectorTest, AResourceIdSaysWhereItIsTried) {
  w.server.auth = Auth::kBasic;
  ConnectorInput input = Input(Config("right"));
  input.resource_id = w.host + "/team";
  const ConnectorRecord made = Create(input);
  EXPECT_EQ(made.verification, Verification::kAccepted);
  EXPECT_EQ(made.verification_host, w.host);
}

TEST_F(ConnectorTest, TheToleranceIsFiveMinutesUnlessGiven) {
  ConnectorInput input = Input(Config("p"));
  input.expires = w.clock.Now() + std::chrono::hours(1);
  EXPECT_EQ(Create(input, true).expires_skew_tolerance, std::chrono::minutes(5));
  input.expires_skew_tolerance = std::chrono::seconds(0);
  const auto updated = connectors.Update(w.call, input, true);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->expires_skew_tolerance, std::chrono::seconds(0));
  for (const auto wrong : {std::chrono::seconds(-1), std::chrono::seconds(86'401)}) {
    input.expires_skew_tolerance = wrong;
    EXPECT_THAT(Fields(connectors.Update(w.call, input, true).status()),
                ElementsAre("expires_skew_tolerance"));
  }
}

TEST_F(ConnectorTest, DockerConnectorsCannotTellWhatTheyReach) {
  Create(Input(Config("right")), true);
  EXPECT_THAT(connectors.ListResources(w.call, "c", "").status(),
              FailsWith(StatusCode::kUnimplemented, reason::kFlavorUnsupported));
}

}  // namespace
}  // namespace gantry
