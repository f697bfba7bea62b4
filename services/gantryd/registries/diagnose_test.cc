#include "gantryd/registries/diagnose.h"

#include "gantryd/registries/manager_test_world.h"

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
              ElementsAre("reference passed", "dns passed", "tls passed", "ping passed",
                          "login passed", "push-right passed", "repository passed"));
  EXPECT_TRUE(w.server.open_uploads.empty());
}

TEST_F(DiagnoseTest, ANewRepositoryIsAWarningAndNoneIsANote) {
  EXPECT_EQ(Find(Run(), "repository").outcome, Outcome::kWarning);
  EXPECT_THAT(Find(Run(), "repository").message, HasSubstr("created by the first push"));
  EXPECT_EQ(Find(Run(""), "push-right").outcome, Outcome::kSkipped);
  EXPECT_EQ(Find(Run(""), "repository").outcome, Outcome::kSkipped);
}

TEST_F(DiagnoseTest, WhatFollowsAFailureIsSkipped) {
  const auto checks = Run("gcr.io/else/app");
  EXPECT_THAT(Summary(checks), ElementsAre("reference failed", "dns skipped", "tls skipped",
                                           "ping skipped", "login skipped", "push-right skipped",
                                           "repository skipped", "flavor default skipped"));
  EXPECT_THAT(Find(checks, "reference").message, HasSubstr("does not belong"));
  EXPECT_EQ(w.http.seen().size(), 0u);
}

TEST_F(DiagnoseTest, TheFirstRequestsErrorSaysWhichStageFailed) {
  const std::pair<absl::Status, std::string> cases[] = {
      {Unavailable(reason::kUpstreamUnavailable, "h: the host name is not known"), "dns"},
      {Unavailable(reason::kUpstreamUnavailable, "h: TLS failed: eof"), "tls"},
      {FailedPrecondition(reason::kUpstreamTls, "h: the certificate is not trusted"), "tls"},
      {Unavailable(reason::kUpstreamUnavailable, "h: cannot connect: refused"), "ping"},
      {FailedPrecondition(reason::kUpstreamProtocol, "no http"), "ping"}};
  for (const auto& [status, stage] : cases) {
    w.server.fail = [&status = status](const SeenRequest&) { return status; };
    const auto checks = Run();
    EXPECT_EQ(Find(checks, stage).outcome, Outcome::kFailed) << stage;
    EXPECT_EQ(Find(checks, stage).message, MessageOf(status));
    EXPECT_EQ(Find(checks, "login").outcome, Outcome::kSkipped);
    Summary(checks);
  }
  w.server.fail = [](const SeenRequest&) {
    return Answer(200, {{"Content-Type", "text/html"}}, "<html>");
  };
  EXPECT_EQ(Find(Run(), "ping").outcome, Outcome::kFailed);
}

TEST_F(DiagnoseTest, ARefusedCredentialFailsTheLoginAndADeniedPushTheRight) {
  w.server.auth = Auth::kBasic;
  w.server.password = "changed";
  EXPECT_THAT(Summary(Run()), ElementsAre("reference passed", "dns passed", "tls passed",
                                          "ping passed", "login failed", "push-right skipped",
                                          "repository skipped"))
      << "the flavor was asked, and has nothing to say";
  w.server.password = "right";
  w.server.push_denied = true;
  const auto checks = Run();
  EXPECT_EQ(Find(checks, "push-right").outcome, Outcome::kFailed);
  EXPECT_THAT(Find(checks, "push-right").message, HasSubstr("DENIED said no"));
  EXPECT_EQ(checks.back().name, "repository") << "the flavor was asked, and has nothing to say";
}

TEST_F(DiagnoseTest, ATokenOfAnEarlierCallHidesNothing) {
  w.server.auth = Auth::kBearer;
  ASSERT_TRUE((*w.pool.Open(w.call, "r"))->client().Ping(w.call).ok());
  w.server.password = "changed";
  EXPECT_TRUE((*w.pool.Open(w.call, "r"))->client().Ping(w.call).ok());
  EXPECT_EQ(Find(Run(), "login").outcome, Outcome::kFailed);
}

TEST_F(DiagnoseTest, AClockThatIsWrongIsAWarning) {
  w.server.date = "Tue, 24 Nov 2026 12:00:30 GMT";  // ManualClock says 12:00:00
  EXPECT_EQ(Find(Run(), "ping").outcome, Outcome::kPassed);
  w.server.date = "Tue, 24 Nov 2026 12:02:00 GMT";
  EXPECT_EQ(Find(Run(), "ping").outcome, Outcome::kWarning);
  EXPECT_THAT(Find(Run(), "ping").message, HasSubstr("differ by 120 s"));
  w.server.date = "nonsense";
  EXPECT_EQ(Find(Run(), "ping").outcome, Outcome::kPassed);
}

TEST_F(DiagnoseTest, TheFlavorsFindingsComeLast) {
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
  EXPECT_EQ(Run().back().name, "repository");
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
