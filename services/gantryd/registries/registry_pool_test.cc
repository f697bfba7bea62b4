#include "gantryd/registries/registry_pool.h"

#include "gantryd/registries/manager_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using Auth = InProcessRegistry::Auth;

Reference Ref(const std::string& text) { return *Reference::Parse(text); }

TEST(RegistryPool, KeepsARegistryOpenUntilItOrItsConnectorChanges) {
  TestWorld w;
  ConnectorRecord connector = w.Connect("c", "right");
  RegistryRecord record = w.Record("r", w.host);
  record.connector = "c";
  record = w.Register(record);
  const auto first = *w.pool.Open(w.call, "r");
  EXPECT_EQ(*w.pool.Open(w.call, "r"), first);

  record.labels["x"] = "y";
  record = *w.registries.Update(w.call, record);
  const auto second = *w.pool.Open(w.call, "r");
  EXPECT_NE(second, first);
  EXPECT_EQ(second->record().labels.at("x"), "y");
  EXPECT_EQ(first->record().labels.size(), 0u) << "a running call keeps what it has";

  connector.description = "changed";
  ASSERT_TRUE(w.store.UpdateConnector(connector).ok());
  EXPECT_NE(*w.pool.Open(w.call, "r"), second);

  const auto third = *w.pool.Open(w.call, "r");
  ASSERT_TRUE(w.registries.Delete(w.call, "r", 0).ok());
  EXPECT_THAT(w.pool.Open(w.call, "r").status(),
              FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
  w.clock.Advance(milliseconds(1));
  w.Register("r", "gcr.io/other");
  EXPECT_EQ((*w.pool.Open(w.call, "r"))->uri().text(), "gcr.io/other");
}

TEST(RegistryPool, LogsInWithTheConnectorOrTheDockerLogin) {
  for (const Auth auth : {Auth::kBasic, Auth::kBearer}) {
    TestWorld w;
    w.server.auth = auth;
    w.Connect("c", "right");
    RegistryRecord record = w.Record("with", w.host);
    record.connector = "c";
    w.Register(record);
    const auto session = *w.pool.Open(w.call, "with");
    EXPECT_FALSE(session->login_was_wanted());
    EXPECT_TRUE(session->client().Ping(w.call).ok());
    EXPECT_TRUE(session->login_was_wanted());

    w.Register("without", w.host);
    EXPECT_THAT((*w.pool.Open(w.call, "without"))->client().Ping(w.call),
                FailsWith(StatusCode::kFailedPrecondition, reason::kUpstreamAuthRejected));
    w.docker_login->Renew(BasicCredential("me", "right"));
    ASSERT_TRUE(w.docker_login->Get(w.call, "", "", {}, true).ok());
    const auto again = *w.pool.OpenUnsaved(w.call, *w.store.GetRegistry("without"), nullptr);
    EXPECT_TRUE(again->client().Ping(w.call).ok());
  }
}

TEST(RegistryPool, TellsTheFlavorEverythingButSecrets) {
  TestWorld w;
  w.Connect("c", "very-secret");
  RegistryRecord record = w.Record("r", "gcr.io/p");
  record.connector = "c";
  record.default_repository = "app";
  w.Register(record);
  ASSERT_TRUE(w.pool.Open(w.call, "r").ok());
  EXPECT_EQ(*ParseJson(w.catalog.flavor("default").last_config),
            *ParseJson(R"({"uri":"gcr.io/p","default_repository":"app","config":{},"connector":
                {"type":"docker","auth_method":"password","config":{"username":"me"},
                 "expires_unix_ms":null}})"));
}

TEST(RegistryPool, AFlavorAsksOnlyItsOwnRegistryAndNotWhileLoggingIn) {
  TestWorld w;
  w.server.auth = Auth::kBasic;
  w.Connect("c", "right");
  RegistryRecord record = w.Record("r", w.host);
  record.connector = "c";
  w.Register(record);
  auto& behaviour = w.catalog.flavor("default").behaviour;
  RegistryRequest request;
  request.path = "/v2/";
  std::string host = w.host;
  behaviour.diagnose = [&](const CallContext& call, InstanceHost& h,
                           const Target&) -> absl::StatusOr<std::vector<Finding>> {
    EXPECT_EQ(ReasonOf(h.GetSecret("other").status()), reason::kConnectorNotFound);
    const auto answer = h.Registry(call, {host, "app", "", ""}, {}, request);
    if (!answer.ok()) return answer.status();
    EXPECT_EQ(answer->status, 200);
    return std::vector<Finding>{};
  };
  const auto session = *w.pool.Open(w.call, "r");
  EXPECT_TRUE(session->flavor().Diagnose(w.call, {}).ok());
  host = "evil.example";
  EXPECT_THAT(session->flavor().Diagnose(w.call, {}).status(),
              FailsWith(StatusCode::kInternal, reason::kFlavorMisbehaved));

  behaviour.authenticate = [&](const CallContext& call,
                               InstanceHost& h, const Target&,
                               Actions) -> absl::StatusOr<Credential> {
    return h.Registry(call, {w.host, "app", "", ""}, {}, request).status();
  };
  const ConnectorRecord connector = *w.store.GetConnector("c");
  const auto other = *w.pool.OpenUnsaved(w.call, session->record(), &connector);
  const absl::Status status = other->client().Ping(w.call);
  EXPECT_THAT(status, FailsWith(StatusCode::kInternal, reason::kFlavorMisbehaved));
  EXPECT_THAT(MessageOf(status), HasSubstr("while logging in"));
}

TEST(RegistryPool, CertificatesAreForTheRegistrysOwnOriginWhoeverAsks) {
  TestWorld w("registry.example:8443");
  RegistryRecord record = w.Record("r", w.host);
  record.ca_certificate = "the authority";
  record.client_certificate = "the client";
  std::vector<std::string> own;
  w.catalog.flavor("default").behaviour.diagnose = [&](const CallContext&, InstanceHost& h,
                                                       const Target&) {
    for (const char* url :
         {"https://registry.example:8443/oauth2/exchange", "https://REGISTRY.example:8443/",
          "https://registry.example/", "http://registry.example:8443/",
          "https://evil.registry.example:8443/", "https://registry.example.evil:8443/"}) {
      const Transport transport = h.TransportTo(*Url::Parse(url));
      if (transport == Transport()) continue;
      EXPECT_EQ(transport.ca_certificate, "the authority");
      EXPECT_EQ(transport.identity->certificate, "the client");
      own.push_back(url);
    }
    return std::vector<Finding>{};
  };
  const auto session = *w.pool.OpenUnsaved(w.call, record, nullptr);
  EXPECT_TRUE(session->flavor().Diagnose(w.call, {}).ok());
  EXPECT_THAT(own, ::testing::ElementsAre("https://registry.example:8443/oauth2/exchange",
                                          "https://REGISTRY.example:8443/"));
}

TEST(RegistryPool, TheOwnerHasTheLongestPrefixAtABoundary) {
  TestWorld w;
  w.Connect("c", "p");
  w.Register("foo", "gcr.io/foo");
  w.Register("foo-team", "gcr.io/foo/team");
  RegistryRecord linked = w.Record("foo-team2", "gcr.io/foo/team");
  linked.connector = "c";
  w.Register(linked);
  w.Register("hub", "docker.io");
  const auto owner = [&](const std::string& text) {
    const auto session = *w.pool.FindOwner(w.call, Ref(text));
    return session ? session->record().name : "";
  };
  EXPECT_EQ(owner("gcr.io/foo/app:1"), "foo");
  EXPECT_EQ(owner("gcr.io/foo/team/app"), "foo-team2") << "one with a connector is preferred";
  EXPECT_EQ(owner("gcr.io/foobar/app"), "");
  EXPECT_EQ(owner("gcr.io.evil.example/foo/app"), "");
  EXPECT_EQ(owner("ubuntu"), "hub");
  EXPECT_EQ(owner("index.docker.io/me/app"), "hub");
}

TEST(RegistryPool, ForeignHostsAreReachedAtPublicAddressesOnly) {
  TestWorld w("public.example");
  for (const char* host : {"localhost:5000", "127.0.0.1:5000", "10.0.0.1", "192.168.1.1:443",
                           "169.254.169.254", "[::1]:5000"}) {
    const absl::Status status = w.pool.OpenForeign(w.call, host).status();
    EXPECT_THAT(status, FailsWith(StatusCode::kPermissionDenied, reason::kSourceNotAllowed))
        << host;
    EXPECT_THAT(DetailOf(status).remedy, HasSubstr(std::string("--uri=") + host));
  }
  EXPECT_EQ(w.http.seen().size(), 0u);
  w.server.auth = Auth::kBearer;
  ASSERT_TRUE(w.pool.OpenForeign(w.call, "public.example").ok());
  for (const SeenRequest& r : w.http.seen()) EXPECT_EQ(r.addresses, AddressPolicy::kPublicOnly);
  w.server.fail = [](const SeenRequest&) {
    return PermissionDenied(reason::kAddressRefused, "a name that leads to 10.0.0.1");
  };
  EXPECT_THAT(w.pool.OpenForeign(w.call, "public.example").status(),
              FailsWith(StatusCode::kPermissionDenied, reason::kSourceNotAllowed));
}

TEST(RegistryPool, AnExpiredConnectorLogsInNoMore) {
  TestWorld w;
  w.server.auth = Auth::kBasic;
  ConnectorRecord connector = w.Connect("c", "right");
  connector.expires = w.clock.Now() + std::chrono::minutes(3);
  connector.expires_skew_tolerance = std::chrono::minutes(2);
  ASSERT_TRUE(w.store.UpdateConnector(connector).ok());
  RegistryRecord record = w.Record("r", w.host);
  record.connector = "c";
  w.Register(record);
  const auto open = *w.pool.Open(w.call, "r");
  EXPECT_TRUE(open->client().Ping(w.call).ok());

  w.clock.Advance(std::chrono::minutes(1));
  const auto is_expired = FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorExpired);
  EXPECT_THAT(w.pool.Open(w.call, "r").status(), is_expired);
  EXPECT_THAT(open->client().Ping(w.call), is_expired) << "the login that it keeps ends, too";
  const ConnectorRecord stored = *w.store.GetConnector("c");
  const auto fresh = *w.pool.OpenUnsaved(w.call, record, &stored);
  const absl::Status status = fresh->client().Ping(w.call);
  EXPECT_THAT(status, is_expired);
  EXPECT_THAT(MessageOf(status), HasSubstr("nearer than its tolerance of 120 s"));
  EXPECT_THAT(DetailOf(status).remedy, HasSubstr("service-connector update c"));

  w.clock.Advance(std::chrono::minutes(2));
  EXPECT_THAT(MessageOf((*w.pool.OpenUnsaved(w.call, record, &stored))->client().Ping(w.call)),
              HasSubstr("connector c expired at"));
}

}  // namespace
}  // namespace gantry
