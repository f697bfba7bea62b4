// Registries that ask to wait, or fail for a while, or for ever.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

// Everything that a push of one layer asks for.
const std::vector<std::string> kSteps = {"HEAD manifest", "HEAD blob",  "POST upload",
                                         "PATCH upload",  "PUT upload", "PUT manifest",
                                         "HEAD tag",      "PUT tag",    "GET token"};

class PushStepTest : public PushTest, public ::testing::WithParamInterface<std::string> {
 protected:
  PushStepTest() {
    registry_.desk().Open({.kind = fakes::TokenDesk::Kind::kBearer});
    MakeOneLayer(2 * kMiB);
  }
  // The other steps run once, as ever.
  void ExpectOnlyThisStepAgain() {
    EXPECT_EQ(registry_.Count("POST upload 202"), 1);
    EXPECT_EQ(registry_.Count("PATCH upload 202"), 1);
    EXPECT_EQ(registry_.Count("PUT upload 201"), 1);
    EXPECT_EQ(store_.received_bytes(), 2 * kMiB);
  }
};

TEST_P(PushStepTest, WaitsAsLongAsItIsTold) {
  registry_.Script(On(GetParam()).Answer(429, {{"Retry-After", "2"}}));
  ExpectStored(Push());
  EXPECT_EQ(clock_.slept(), seconds(2));
  ExpectOnlyThisStepAgain();
}

TEST_P(PushStepTest, ATransientErrorRepeatsThisStepOnly) {
  int pushes = 0;
  for (const int status : {500, 502, 503, 504, 499, 408, 522}) {
    store_.Forget(kRepo);
    registry_.desk().Revoke();
    registry_.Script(On(GetParam()).Answer(status, {}, "oops"));
    ExpectStored(Push());
    EXPECT_EQ(registry_.Count("POST upload 202"), ++pushes * 2) << status << ": layer and config";
    EXPECT_EQ(registry_.Count("PUT upload 201"), pushes * 2) << status;
  }
  EXPECT_EQ(registry_.Count(GetParam() + " 5"), 5);
  EXPECT_EQ(registry_.Count(GetParam() + " 499"), 1);
  EXPECT_LE(clock_.slept(), seconds(2));
}

INSTANTIATE_TEST_SUITE_P(Push, PushStepTest, ::testing::ValuesIn(kSteps), [](const auto& step) {
  std::string name = step.param;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

TEST_F(PushTest, ARetryAfterMayBeADate) {
  MakeOneLayer(kMiB);
  const std::time_t then = std::chrono::system_clock::to_time_t(clock_.Now() + seconds(90));
  char date[40];
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&then));
  registry_.Script(On("POST upload").Answer(429, {{"Retry-After", date}}));
  ExpectStored(Push());
  EXPECT_GE(clock_.slept(), seconds(89));
  EXPECT_LE(clock_.slept(), seconds(90));
}

TEST_F(PushTest, ARetryAfterThatMakesNoSenseIsReplacedByAPauseOfOurOwn) {
  MakeOneLayer(kMiB);
  for (const char* value : {"Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-5", "0"}) {
    registry_.Script(On("POST upload").Answer(429, {{"Retry-After", value}}));
  }
  ExpectStored(Push());
  EXPECT_GE(clock_.slept(), seconds(1 + 2 + 4 + 8)) << "as if there was none";
  EXPECT_LE(clock_.slept(), milliseconds(1500) * (1 + 2 + 4 + 8));
}

TEST_F(PushTest, ARetryAfterThatIsTooLongFailsAtOnceAndSaysHowLong) {
  MakeOneLayer(kMiB);
  CallContext patient(clock_, std::chrono::hours(48), "r");
  registry_.Script(On("POST upload").Always().Answer(429, {{"Retry-After", "86400"}}));
  const auto pushed = engine_.Push(patient, plan_, client_, image_, progress_);
  ExpectFailed(pushed, absl::StatusCode::kUnavailable, "UPSTREAM_THROTTLED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("86400 s"));
  EXPECT_EQ(DetailOf(pushed.status()).retry_after, std::chrono::hours(24));
  EXPECT_EQ(clock_.slept(), seconds(0));
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

class PushRefusalTest : public PushTest, public ::testing::WithParamInterface<std::string> {};

// To look for the manifest is then refused without a word from the registry.
TEST_P(PushRefusalTest, IsToldInTheRegistrysWords) {
  MakeOneLayer(kMiB);
  const std::string words = R"({"errors":[{"code":"DENIED","message":"too many writes today"}]})";
  registry_.Script(On(GetParam()).Always().Answer(429, {{"Retry-After", "86400"}}, words));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kUnavailable, "UPSTREAM_THROTTLED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("too many writes today"));
  EXPECT_EQ(DetailOf(pushed.status()).retry_after, std::chrono::hours(24));
}

INSTANTIATE_TEST_SUITE_P(Push, PushRefusalTest, ::testing::Values("PUT manifest", "PUT tag"),
                         [](const auto& step) { return step.param.substr(4); });

TEST_F(PushTest, A429WithoutATimeIsWaitedForLongerEachTime) {
  MakeOneLayer(kMiB);
  std::mutex mu;
  std::vector<milliseconds> slept;
  const auto note = [&] {
    std::lock_guard lock(mu);
    slept.push_back(clock_.slept());
  };
  registry_.Script(On("POST upload").Times(4).Before(note).Answer(429));
  registry_.Script(On("POST upload").Before(note));
  ExpectStored(Push());
  std::lock_guard lock(mu);
  ASSERT_EQ(slept.size(), 5u);
  for (size_t i = 0; i < 4; ++i) {
    const milliseconds pause = slept[i + 1] - slept[i];
    EXPECT_GE(pause, seconds(1 << i)) << i;
    EXPECT_LE(pause, milliseconds(1500) * (1 << i)) << i;
  }
}

TEST_F(PushTest, ARegistryThatTakesThreeRequestsAtOnceIsNotSentMore) {
  std::vector<fakes::Layer> layers;
  for (uint64_t i = 0; i < 40; ++i) layers.push_back({fakes::RandomBytes(20'000, i)});
  image_.AddManifest(layers);
  plan_.max_parallel_blobs = 8;
  registry_.TakeAtOnce(3);
  ExpectStored(Push());
  const std::vector<int> at_once = registry_.at_once();
  const auto last_third = at_once.end() - static_cast<int64_t>(at_once.size() / 3);
  EXPECT_GT(*std::max_element(at_once.begin(), last_third), 3) << "it has learned that";
  EXPECT_LE(*std::max_element(last_third, at_once.end()), 3);
  const auto log = registry_.log();
  const auto refused = std::count_if(log.begin(), log.end(), [](const std::string& line) {
    return line.substr(line.size() - 4) == " 429";
  });
  EXPECT_LE(refused, 10);
}

TEST_F(PushTest, ARegistryThatStaysDownIsGivenUpBeforeTheDeadline) {
  MakeOneLayer(kMiB);
  registry_.Script(On("POST upload")
                       .Always()
                       .Answer(503, {{"Content-Type", "text/html"}}, "<h1>Maintenance</h1>"));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("after 8 attempts"));
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("HTTP 503: Maintenance"));
  EXPECT_LT(clock_.slept(), minutes(2));
}

TEST_F(PushTest, AShortDeadlineTellsWhatWentWrongNotThatItIsOver) {
  MakeOneLayer(kMiB);
  for (const char* step : {"POST upload", "PATCH upload", "PUT upload"}) {
    CallContext hasty(clock_, seconds(2), "r");
    registry_.Script(On(step).Answer(503, {{"Retry-After", "3"}}));
    const auto pushed = engine_.Push(hasty, plan_, client_, image_, progress_);
    ExpectFailed(pushed, absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE");
    EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("HTTP 503"));
  }
  EXPECT_EQ(clock_.slept(), seconds(0));
}

TEST_F(PushTest, AFullQuotaIsNotTriedAgain) {
  MakeOneLayer(kMiB);
  const auto full = fakes::ErrorReply(403, "DENIED", "adding 1 MiB would exceed the quota");
  registry_.Script(On("PUT upload").Always().Answer(403, full.headers, full.body));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kResourceExhausted, "UPSTREAM_QUOTA");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("would exceed the quota"));
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

}  // namespace
}  // namespace gantry
