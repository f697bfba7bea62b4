// The facade against real shared objects: some keep the contract, most break it.
#include "gantryd/flavors/flavor_v1.h"

#include <gmock/gmock.h>

#include <new>

#include "gantryd/flavors/catalog.h"
#include "gantryd/flavors/test_support.h"

namespace gantry {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kHost[] = "registry.example.com";

class Facade : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto fakes = LoadFlavors(GANTRY_FAKE_FLAVORS_DIR);
    ASSERT_TRUE(fakes.ok()) << fakes.status();
    fakes_ = fakes->release();
    auto real = LoadFlavors(GANTRY_FLAVORS_DIR);
    ASSERT_TRUE(real.ok()) << real.status();
    real_ = real->release();
  }
  static void TearDownTestSuite() {
    delete fakes_;
    delete real_;
  }

  static Flavor& Find(const std::string& name) {
    auto flavor = fakes_->Find(name);
    if (!flavor.ok()) flavor = real_->Find(name);
    EXPECT_TRUE(flavor.ok()) << flavor.status();
    return **flavor;
  }
  std::unique_ptr<FlavorInstance> Open(const std::string& name, const std::string& config = "{}") {
    auto instance = Find(name).Open(call_, config, host_);
    EXPECT_TRUE(instance.ok()) << instance.status();
    return *std::move(instance);
  }
  static Target At(const std::string& repository) { return {kHost, repository, "v1", ""}; }

  // A breach of contract that the liar commits for this repository.
  static void ExpectMisbehaved(const absl::Status& status, const std::string& how) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << how;
    EXPECT_EQ(ReasonOf(status), reason::kFlavorMisbehaved) << how;
    EXPECT_THAT(std::string(MessageOf(status)), AllOf(HasSubstr("liar"), HasSubstr(how)));
  }

  ManualClock clock_;
  CallContext call_{clock_, milliseconds(60'000), "r"};
  ScriptedInstanceHost host_;
  ScriptedPush job_;
  static inline LoadedFlavors *fakes_ = nullptr, *real_ = nullptr;
};

TEST_F(Facade, AFlavorWithOnlyWhatIsRequiredWorks) {
  for (const char* name : {"minimal", "newer"}) {
    const auto instance = Open(name);
    const auto credential = instance->Authenticate(call_, At("a"), {});
    ASSERT_TRUE(credential.ok()) << credential.status();
    EXPECT_EQ(credential->scheme, Credential::Scheme::kAnonymous);
    const auto plan = instance->PreparePush(call_, At("a"));
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->target.repository, "a");
    const auto image = instance->Push(call_, *plan, job_);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->digest, Digest::Of("image").text());
    EXPECT_EQ(image->uri, "registry.example.com/a:v1");
  }
  EXPECT_TRUE(Find("minimal").ValidateConfig(call_, "{}")->empty());
}

TEST_F(Facade, AnAbsentOperationIsUnimplemented) {
  const auto instance = Open("minimal");
  for (const absl::Status& status :
       {instance->List(call_, At("a"), "", 10).status(), instance->Remove(call_, At("a")),
        instance->Diagnose(call_, At("app")).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(ReasonOf(status), reason::kFlavorUnsupported);
  }
}

TEST_F(Facade, ExceptionsOfAFlavorAreItsBugsAndNameIt) {
  const auto instance = Open("throws", R"({"uri": "registry.example.com"})");
  const absl::Status plan = instance->PreparePush(call_, At("a")).status();
  EXPECT_EQ(plan.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(plan), reason::kFlavorException);
  EXPECT_THAT(std::string(MessageOf(plan)),
              AllOf(HasSubstr("throws"), HasSubstr("the plan fell through")));
  EXPECT_EQ(ReasonOf(instance->Remove(call_, At("a"))), reason::kFlavorException);
  const auto unbuilt = Find("throws").Open(call_, R"({"config": {"throw": true}})", host_);
  EXPECT_EQ(ReasonOf(unbuilt.status()), reason::kFlavorException);
}

TEST_F(Facade, CredentialsThatBreakTheContractGoNowhere) {
  const auto instance = Open("liar");
  const std::pair<std::string, std::string> kLies[] = {
      {"no-record", "without a credential"},  {"other-host", "credential for evil.example"},
      {"unknown-scheme", "scheme 77"},        {"cut-short", "cut short"},
      {"no-address", "at no address"},        {"huge-secret", "secret of 1099511627776 bytes"},
      {"header-break", "control characters"}, {"no-secret", "without its secret"},
      {"null-record", "gave no record"}};
  for (const auto& [lie, how] : kLies) {
    ExpectMisbehaved(instance->Authenticate(call_, At(lie), {}).status(), how);
  }
  const auto far = instance->Authenticate(call_, At("far-expiry"), {});
  ASSERT_TRUE(far.ok()) << far.status();
  EXPECT_GT(*far->expires, clock_.Mono());
}

TEST_F(Facade, PlansThatBreakTheContractAreNotFollowed) {
  const auto instance = Open("liar");
  const std::pair<std::string, std::string> kLies[] = {
      {"no-record", "without a plan"},       {"unknown-upload", "upload method 42"},
      {"empty-chunks", "chunks of 0 bytes"}, {"other-host", "push to evil.example"},
      {"bad-name", "which is no name"},      {"null-target", "cut short"},
      {"bad-mount", "mount from"},           {"many-mounts", "to mount from"}};
  for (const auto& [lie, how] : kLies) {
    ExpectMisbehaved(instance->PreparePush(call_, At(lie)).status(), how);
  }
}

TEST_F(Facade, APushHasTheDigestThatWasStored) {
  const auto instance = Open("liar");
  const auto push = [&](const std::string& lie) {
    FlavorPlan plan;
    plan.target = At(lie);
    return instance->Push(call_, plan, job_).status();
  };
  ExpectMisbehaved(push("no-record"), "without an image");
  ExpectMisbehaved(push("no-digest"), "without its digest");
  ExpectMisbehaved(push("bad-digest"), "no digest");
  ExpectMisbehaved(push("other-digest"), "stored as sha256:");
  EXPECT_EQ(job_.runs, 1);
  ExpectMisbehaved(push("elsewhere"), "push to evil.example");
  EXPECT_EQ(job_.runs, 1) << "nothing is pushed to a host that was not asked about";
  ExpectMisbehaved(push("at-once"), "pushed twice at the same time");
  EXPECT_EQ(job_.runs, 2);
}

TEST_F(Facade, CodesAndRecordsOfAListAreNotBelieved) {
  const auto instance = Open("liar");
  ExpectMisbehaved(instance->List(call_, At("code-99"), "", 1).status(), "unknown code 99");
  ExpectMisbehaved(instance->List(call_, At("code-negative"), "", 1).status(), "unknown code -5");
  ExpectMisbehaved(instance->List(call_, At("long-token"), "", 1).status(), "page token");
  const auto endless = instance->List(call_, At("endless"), "", 1);
  ASSERT_TRUE(endless.ok()) << endless.status();
  EXPECT_EQ(endless->images.size(), 10'000u);
  const auto scrubbed = instance->List(call_, At("bad-utf8"), "", 1);
  ASSERT_TRUE(scrubbed.ok());
  EXPECT_THAT(scrubbed->images[0].media_type, HasSubstr("\xEF\xBF\xBD"));
  ExpectMisbehaved(instance->Diagnose(call_, At("app")).status(), "level 9");
}

TEST_F(Facade, ErrorsCarryWhatTheFlavorSaidAndNoGarbage) {
  const auto instance = Open("liar");
  const absl::Status bare = instance->Remove(call_, At("no-detail"));
  EXPECT_EQ(bare.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(MessageOf(bare), "flavor liar returned PERMISSION_DENIED");
  EXPECT_FALSE(ReasonOf(bare).empty());

  const absl::Status twice = instance->Remove(call_, At("fail-twice"));
  EXPECT_EQ(twice.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MessageOf(twice), "last");

  const absl::Status garbage = instance->Remove(call_, At("fail-garbage"));
  EXPECT_EQ(garbage.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(MessageOf(garbage)), ::testing::Not(HasSubstr("\n")));
  EXPECT_EQ(DetailOf(garbage).remedy, "Look elsewhere.");
  EXPECT_NE(ReasonOf(garbage), "not a reason");
  EXPECT_LE(*DetailOf(garbage).retry_after, std::chrono::hours(1));

  ExpectMisbehaved(instance->Remove(call_, At("fail-unknown")), "unknown code 1234");
  ExpectMisbehaved(instance->Remove(call_, At("fail-null")), "without an error");
  EXPECT_TRUE(instance->Remove(call_, At("fail-then-ok")).ok());
}

TEST_F(Facade, OpenDoesNoIo) {
  const auto instance = Find("opens_network").Open(call_, "{}", host_);
  EXPECT_EQ(ReasonOf(instance.status()), reason::kFlavorMisbehaved);
  EXPECT_TRUE(host_.http_client.requests.empty());
}

TEST_F(Facade, ASlowFlavorSeesItsDeadlineAndNoCallBeginsAfterIt) {
  const SystemClock clock;
  const auto instance = Open("slow");
  const CallContext call(clock, milliseconds(50), "r");
  const auto start = clock.Mono();
  EXPECT_EQ(instance->Remove(call, At("a")).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(clock.Mono() - start, milliseconds(50));
  EXPECT_EQ(instance->Authenticate(call, At("a"), {}).status().code(),
            absl::StatusCode::kDeadlineExceeded);

  CallContext cancelled(clock, milliseconds(60'000), "r");
  cancelled.RequestStop();
  EXPECT_EQ(instance->Remove(cancelled, At("a")).code(), absl::StatusCode::kCancelled);
}

TEST_F(Facade, TheHostWaitsForAFlavorButNeverPastTheDeadline) {
  const auto instance = Open("slow");
  EXPECT_TRUE(instance->Diagnose(call_, At("app")).ok());
  EXPECT_EQ(clock_.slept(), milliseconds(10'000));

  const CallContext shorter(clock_, milliseconds(9'000), "r");
  EXPECT_EQ(instance->Diagnose(shorter, At("app")).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(clock_.slept(), milliseconds(10'000));
}

TEST_F(Facade, TheEnginesErrorReachesTheCallerInItsOwnWords) {
  const auto instance = Open("default", R"({"uri": "registry.example.com"})");
  job_.error = InvalidArgument(reason::kDigestMismatch, "layer 3 is not what it says")
                   .Remedy("Build the image again.");
  const auto plan = instance->PreparePush(call_, At("a"));
  const absl::Status status = instance->Push(call_, *plan, job_).status();
  EXPECT_EQ(MessageOf(status), "layer 3 is not what it says");
  EXPECT_EQ(ReasonOf(status), reason::kDigestMismatch);
  EXPECT_EQ(DetailOf(status).remedy, "Build the image again.");
}

TEST_F(Facade, WhatTheHostThrowsDoesNotCrossTheAbi) {
  const auto instance = Open("default", R"({"uri": "registry.example.com"})");
  job_.before_run = [] { throw std::bad_alloc(); };
  const auto plan = instance->PreparePush(call_, At("a"));
  const absl::Status status = instance->Push(call_, *plan, job_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), reason::kInternal) << "it is no bug of the flavor";
}

TEST_F(Facade, LogsInWithTheConnectorsPassword) {
  host_.secrets["password"] = "s3cret";
  const auto instance = Open("default", R"({"uri": "registry.example.com", "connector": {
      "type": "docker", "auth_method": "password", "config": {"username": "gordon"}}})");
  const auto credential = instance->Authenticate(call_, At("a"), {.pull = true, .push = true});
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->scheme, Credential::Scheme::kBasic);
  EXPECT_EQ(credential->username, "gordon");
  EXPECT_EQ(credential->secret.Reveal(), "s3cret");
  EXPECT_FALSE(credential->expires.has_value());
}

TEST_F(Facade, ListsAndDeletesThroughTheRegistry) {
  const auto instance = Open("default", R"({"uri": "registry.example.com"})");
  host_.on_registry = [](const RegistryRequest& request) {
    HttpResponse response;
    response.status = request.method == "DELETE" ? 202 : 200;
    response.headers.Add("Docker-Content-Digest", Digest::Of("image").text());
    if (request.method == "GET") response.body = R"({"name": "a/b", "tags": ["v1", "v2"]})";
    return response;
  };
  const auto page = instance->List(call_, At("a/b"), "", 2);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->images.size(), 2u);
  EXPECT_EQ(page->images[1].uri, "registry.example.com/a/b:v2");
  EXPECT_TRUE(instance->Remove(call_, At("a/b")).ok());
  EXPECT_THAT(host_.asked, ::testing::ElementsAre("GET registry.example.com/v2/a/b/tags/list?n=2",
                                                  "HEAD registry.example.com/v2/a/b/manifests/v1",
                                                  "DELETE registry.example.com/v2/a/b/manifests/" +
                                                      Digest::Of("image").text()));
  EXPECT_TRUE(host_.last_actions.remove);
}

TEST_F(Facade, FindingsOfAConfigurationAreSentences) {
  const auto findings = Find("dockerhub").ValidateConfig(call_, R"({"uri": "docker.io"})");
  ASSERT_TRUE(findings.ok()) << findings.status();
  ASSERT_EQ(findings->size(), 1u);
  EXPECT_EQ((*findings)[0].level, Finding::Level::kError);
  EXPECT_EQ((*findings)[0].field, "uri");
  EXPECT_FALSE((*findings)[0].remedy.empty());
}

}  // namespace
}  // namespace gantry
