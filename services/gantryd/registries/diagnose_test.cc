#include "gantryd/registries/diagnose.h"

#include <algorithm>

#include "gantryd/registries/manager_test_world.h"
#include "oci/manifest.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Auth = InProcessRegistry::Auth;
using Outcome = DiagnosticCheck::Outcome;

// "dns passed" of each check.
std::vector<std::string> Summary(const std::vector<DiagnosticCheck>& checks) {
  constexpr const char* kWords[] = {"passed", "warning", "failed", "skipped"};
  std::vector<std::string> lines;
  for (const DiagnosticCheck& c : checks) {
    lines.push_back(c.name + " " + kWords[static_cast<int>(c.outcome)]);
    EXPECT_EQ(c.outcome == Outcome::kFailed && c.remedy.empty(), false) << c.name;
    EXPECT_FALSE(c.message.empty()) << c.name;
  }
  return lines;
}

const DiagnosticCheck& Find(const std::vector<DiagnosticCheck>& checks, const std::string& name) {
  for (const DiagnosticCheck& c : checks) {
    if (c.name == name) return c;
  }
  ADD_FAILURE() << "no check " << name;
  return checks.front();
}

struct DiagnoseTest : ::testing::Test {
  DiagnoseTest() {
    w.Connect("c", "right");
    RegistryRecord record = w.Record("r", w.host);
    record.connector = "c";
    w.Register(record);
  }
  std::vector<DiagnosticCheck> Run(const std::string& repository = "app") {
    auto checks = w.registries.Diagnose(w.call, "r", repository);
    EXPECT_TRUE(checks.ok()) << checks.status();
    return *checks;
  }
  TestWorld w;
};

TEST_F(DiagnoseTest, AHealthyRegistryPassesAndIsLeftAsItWas) {
  w.server.auth = Auth::kBearer;
  w.server.manifests["app:1"] = {"t", "{}"};
  EXPECT_THAT(Summary(Run()),
              ElementsAre("reference passed", "dns passed", "tcp passed", "tls passed",
                          "ping passed", "clock skipped", "credential passed", "login passed",
                          "repository passed", "push-right passed", "features passed"));
  EXPECT_TRUE(w.server.open_uploads.empty());
}

TEST_F(DiagnoseTest, ANewRepositoryIsAWarningAndNoneIsANote) {
  EXPECT_EQ(Find(Run(), "repository").outcome, Outcome::kWarning);
  EXPECT_THAT(Find(Run(), "repository").message, HasSubstr("does not exist"));
  EXPECT_EQ(Find(Run(), "features").outcome, Outcome::kSkipped);
  EXPECT_EQ(Find(Run(""), "push-right").outcome, Outcome::kSkipped);
  EXPECT_EQ(Find(Run(""), "repository").outcome, Outcome::kSkipped);
}

TEST_F(DiagnoseTest, WhatFollowsAFailureIsSkipped) {
  const auto checks = Run("gcr.io/else/app");
  EXPECT_THAT(
      Summary(checks),
      ElementsAre("reference failed", "dns skipped", "tcp skipped", "tls skipped", "ping skipped",
                  "clock skipped", "credential skipped", "login skipped", "repository skipped",
                  "push-right skipped", "flavor default skipped", "features skipped"));
  EXPECT_THAT(Find(checks, "reference").message, HasSubstr("does not belong"));
  EXPECT_EQ(w.http.seen().size(), 0u);
}

TEST_F(DiagnoseTest, TheFirstRequestsErrorSaysHowFarItCame) {
  const std::pair<absl::Status, std::string> cases[] = {
      {Unavailable(reason::kUpstreamUnavailable, "who is that").With("stage", "dns"), "dns"},
      {Unavailable(reason::kUpstreamUnavailable, "refused").With("stage", "tcp"), "tcp"},
      {Unavailable(reason::kUpstreamUnavailable, "HTTP 407").With("stage", "proxy"), "tcp"},
      {Unavailable(reason::kUpstreamUnavailable, "eof").With("stage", "tls"), "tls"},
      {FailedPrecondition(reason::kUpstreamTls, "not trusted"), "tls"},
      {FailedPrecondition(reason::kUpstreamProtocol, "no http"), "ping"}};
  for (const auto& [status, stage] : cases) {
    w.server.fail = [&status = status](const SeenRequest&) { return status; };
    const auto checks = Run();
    EXPECT_EQ(Find(checks, stage).outcome, Outcome::kFailed) << stage;
    EXPECT_EQ(Find(checks, stage).message, MessageOf(status));
    for (const DiagnosticCheck& c : checks) {
      if (c.name == stage) break;
      EXPECT_NE(c.outcome, Outcome::kFailed) << c.name;
    }
    EXPECT_EQ(Find(checks, "login").outcome, Outcome::kSkipped);
    Summary(checks);
  }
  w.server.fail = [](const SeenRequest&) {
    return Answer(200, {{"Content-Type", "text/html"}}, "<html>");
  };
  EXPECT_EQ(Find(Run(), "ping").outcome, Outcome::kFailed);
}

TEST_F(DiagnoseTest, AHostBehindTheLoginThatCannotBeReachedFailsTheLogin) {
  w.server.auth = Auth::kBearer;
  w.server.fail = [](const SeenRequest&) {
    return Answer(401, {{"WWW-Authenticate", R"(Bearer realm="https://auth.example/t")"}});
  };
  const auto checks = Run();
  EXPECT_EQ(Find(checks, "dns").outcome, Outcome::kPassed);
  EXPECT_THAT(Find(checks, "ping").message,
              HasSubstr("HTTP 401, wants bearer of https://auth.example/t"));
  EXPECT_EQ(Find(checks, "login").outcome, Outcome::kFailed);
}

TEST_F(DiagnoseTest, ARefusedCredentialFailsTheLoginAndADeniedPushTheRight) {
  w.server.auth = Auth::kBasic;
  w.server.password = "changed";
  EXPECT_THAT(Summary(Run()),
              ElementsAre("reference passed", "dns passed", "tcp passed", "tls passed",
                          "ping passed", "clock skipped", "credential passed", "login failed",
                          "repository skipped", "push-right skipped", "features skipped"))
      << "the flavor was asked, and has nothing to say";
  w.server.password = "right";
  w.server.push_denied = true;
  const auto checks = Run();
  EXPECT_EQ(Find(checks, "push-right").outcome, Outcome::kFailed);
  EXPECT_THAT(Find(checks, "push-right").message, HasSubstr("DENIED said no"));
  EXPECT_EQ(checks.back().name, "features") << "the flavor was asked, and has nothing to say";
}

TEST_F(DiagnoseTest, TheCredentialIsTriedByTheFlavorAndToldWithItsSource) {
  EXPECT_EQ(Find(Run(), "credential").message, "connector c (docker, password)");
  auto& verify = w.catalog.flavor("default").behaviour.verify;
  verify = [](const CallContext&, InstanceHost&) {
    return std::vector<Finding>{{Finding::Level::kInfo, "identity", "", "arn:aws:iam::1:me", ""}};
  };
  EXPECT_EQ(Find(Run(), "credential").message, "connector c (docker, password): arn:aws:iam::1:me");
  verify = [](const CallContext&, InstanceHost&) {
    return PermissionDenied(reason::kUpstreamDenied, "the trust policy says no");
  };
  const auto refused = Run();
  EXPECT_EQ(Find(refused, "credential").outcome, Outcome::kFailed);
  EXPECT_EQ(Find(refused, "login").outcome, Outcome::kSkipped);
  verify = [](const CallContext&, InstanceHost&) {
    return Unavailable(reason::kUpstreamUnavailable, "sts is away");
  };
  const auto away = Run();
  EXPECT_EQ(Find(away, "credential").outcome, Outcome::kWarning);
  EXPECT_EQ(Find(away, "login").outcome, Outcome::kPassed) << "the registry takes it all the same";
}

TEST_F(DiagnoseTest, AnExpiredConnectorFailsTheCredential) {
  ConnectorRecord connector = *w.store.GetConnector("c");
  connector.expires = w.clock.Now() - std::chrono::seconds(1);
  ASSERT_TRUE(w.store.UpdateConnector(connector).ok());
  EXPECT_EQ(Find(Run(), "credential").outcome, Outcome::kFailed);
  EXPECT_THAT(Find(Run(), "credential").message, HasSubstr("expired"));
}

TEST_F(DiagnoseTest, ADockerLoginIsToldByFileAndEntry) {
  RegistryRecord record = w.Record("plain", w.host);
  w.Register(record);
  w.server.auth = Auth::kBasic;
  Credential login = BasicCredential("me", "right");
  login.source = "/home/me/.docker/config.json, entry " + w.host;
  w.docker_login->Renew(login);
  ASSERT_TRUE(w.docker_login->Get(w.call, w.host, "", {}, true).ok());
  const auto checks = *w.registries.Diagnose(w.call, "plain", "app");
  EXPECT_THAT(Find(checks, "credential").message, HasSubstr("docker login"));
  EXPECT_THAT(Find(checks, "login").message, HasSubstr(login.source));
}

TEST_F(DiagnoseTest, WhatTheRegistrysTokenGrantsIsTold) {
  w.server.auth = Auth::kBearer;
  w.server.token = "e30." + Base64Encode(R"({"access":[{"type":"repository","name":"app",
      "actions":["pull"]}]})") +
                   ".c2ln";
  w.server.push_denied = true;
  const auto checks = Run();
  EXPECT_THAT(Find(checks, "login").message, HasSubstr("token grants repository:app:pull"));
  EXPECT_THAT(Find(checks, "push-right").message, HasSubstr("token grants repository:app:pull"));
}

TEST_F(DiagnoseTest, FeaturesAreTriedAndNothingIsChanged) {
  const std::string config = "{}", layer = "l";
  const auto descriptor = [](std::string_view type, const std::string& bytes) {
    return Descriptor{std::string(type),
                      Digest::Of(bytes),
                      static_cast<int64_t>(bytes.size()),
                      {},
                      std::nullopt,
                      {}};
  };
  w.server.manifests["app:1"] = {std::string(media_type::kOciManifest),
                                 WriteManifest(descriptor(media_type::kOciConfig, config),
                                               {descriptor(media_type::kOciLayer, layer)})};
  w.server.blobs["app"][Digest::Of(config).text()] = config;
  EXPECT_EQ(Find(Run(), "features").message, "referrers API: no; deletes: yes; mounts: yes");
  const auto image = w.server.manifests.at("app:1");
  w.server.manifests["app@" + Digest::Of(image.second).text()] = image;
  w.server.manifests["app:1"] = {
      std::string(media_type::kOciIndex),
      fmt::format(R"({{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{}}}]}})",
                  image.first, Digest::Of(image.second).text(), image.second.size())};
  EXPECT_EQ(Find(Run(), "features").message, "referrers API: no; deletes: yes; mounts: yes")
      << "of one of its platforms";
  w.server.pull_limit = "100;w=21600";
  EXPECT_EQ(Find(Run(), "features").message, "referrers API: no; deletes: yes; mounts: not known")
      << "to find out would be a pull";
  w.server.pull_limit.clear();
  w.server.has_referrers = true;
  w.server.has_deletes = false;
  w.server.blobs["app"].clear();
  EXPECT_EQ(Find(Run(), "features").message, "referrers API: yes; deletes: no; mounts: no");
  EXPECT_EQ(w.server.manifests.size(), 2u);
  EXPECT_TRUE(w.server.open_uploads.empty());
}

TEST_F(DiagnoseTest, ATokenOfAnEarlierCallHidesNothing) {
  w.server.auth = Auth::kBearer;
  ASSERT_TRUE((*w.pool.Open(w.call, "r"))->client().Ping(w.call).ok());
  w.server.password = "changed";
  EXPECT_TRUE((*w.pool.Open(w.call, "r"))->client().Ping(w.call).ok());
  EXPECT_EQ(Find(Run(), "login").outcome, Outcome::kFailed);
}

TEST_F(DiagnoseTest, AClockThatIsWrongIsAWarningAndThenAFailure) {
  w.server.date = "Tue, 24 Nov 2026 12:00:30 GMT";  // ManualClock says 12:00:00
  EXPECT_EQ(Find(Run(), "clock").outcome, Outcome::kPassed);
  w.server.date = "Tue, 24 Nov 2026 12:05:00 GMT";
  EXPECT_EQ(Find(Run(), "clock").outcome, Outcome::kWarning);
  EXPECT_THAT(Find(Run(), "clock").message, HasSubstr("differ by 300 s"));
  w.server.date = "Tue, 24 Nov 2026 11:54:59 GMT";
  EXPECT_EQ(Find(Run(), "clock").outcome, Outcome::kFailed);
  EXPECT_EQ(Find(Run(), "login").outcome, Outcome::kSkipped);
  w.server.date = "nonsense";
  EXPECT_EQ(Find(Run(), "clock").outcome, Outcome::kSkipped);
}

TEST_F(DiagnoseTest, AFlavorThatMakesTheRepositoryExcusesARefusedPush) {
  w.server.push_denied = true;
  auto level = Finding::Level::kWarning;
  w.catalog.flavor("default").behaviour.diagnose = [&](const CallContext&, InstanceHost&,
                                                       const Target&) {
    return std::vector<Finding>{{level, "push-right", "", "the next push makes app", ""}};
  };
  const auto checks = Run();
  EXPECT_EQ(Find(checks, "push-right").outcome, Outcome::kWarning);
  EXPECT_EQ(Find(checks, "push-right").message, "the next push makes app");
  EXPECT_EQ(std::count_if(checks.begin(), checks.end(),
                          [](const auto& c) { return c.name == "push-right"; }),
            1);
  level = Finding::Level::kError;
  EXPECT_EQ(Find(Run(), "push-right").outcome, Outcome::kFailed);
  w.server.push_denied = false;
  level = Finding::Level::kWarning;
  EXPECT_EQ(Find(Run(), "push-right").outcome, Outcome::kPassed) << "there is nothing to excuse";
}

TEST_F(DiagnoseTest, TheFlavorsFindingsComeBeforeTheFeatures) {
  w.catalog.flavor("default").behaviour.diagnose = [](const CallContext&, InstanceHost&,
                                                      const Target&) {
    return std::vector<Finding>{{Finding::Level::kWarning, "quota", "", "nearly full", "clean up"},
                                {Finding::Level::kError, "region", "", "is closed", ""}};
  };
  const auto checks = Run();
  EXPECT_EQ(Find(checks, "quota").outcome, Outcome::kWarning);
  EXPECT_EQ(Find(checks, "region").outcome, Outcome::kFailed);
  w.catalog.flavor("default").behaviour.diagnose = [](const CallContext&, InstanceHost&,
                                                      const Target&) {
    return Unimplemented(reason::kFlavorUnsupported, "does not diagnose");
  };
  EXPECT_EQ(Run()[Run().size() - 2].name, "push-right");
}

TEST_F(DiagnoseTest, TheFlavorIsToldTheRepository) {
  std::vector<std::string> told;
  w.catalog.flavor("default").behaviour.diagnose = [&](const CallContext&, InstanceHost&,
                                                       const Target& target) {
    told.push_back(target.registry_host + "|" + target.repository);
    return std::vector<Finding>{};
  };
  Run("app");
  Run("");
  EXPECT_THAT(told, ::testing::ElementsAre(w.host + "|app", w.host + "|"));
}

TEST_F(DiagnoseTest, ACancelledCallIsAnErrorAndNoFinding) {
  w.server.fail = [&](const SeenRequest&) -> absl::StatusOr<HttpResponse> {
    w.call.RequestStop();
    return w.call.Check();
  };
  EXPECT_EQ(w.registries.Diagnose(w.call, "r", "app").status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace gantry
