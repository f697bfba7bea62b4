// The contract of flavors (plugins/README.md, F4 to F9), held against every flavor of the manifest
// with every login that it declares.
#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "tests/conformance/example_login.h"
#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"
#include "tests/conformance/flavors_under_test.h"

namespace gantry::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::MatchesRegex;

class Conformance : public LoginTest {
 protected:
  void SetUp() override {
    LoginTest::SetUp();
    ASSERT_NE(table_, nullptr);
    FurnishMachine(host_);
    login_ = MakeExampleLogin(*table_, GetParam().type, GetParam().method);
    ASSERT_EQ(login_.connector.is_null(), GetParam().type.empty());
    host_.secrets = login_.secrets;
    traces_ = TracesOf(login_, host_);
    host_.on_http = [this](const sdk::HttpRequest& r) { return Grant(r, host_.now_unix_ms); };
  }

  void TearDown() override {
    EXPECT_THAT(host_.faults(), IsEmpty());
    for (const std::string& line : host_.logged()) ExpectNoSecret(line);
  }

  std::string Config() const { return ConfigOf(uri_); }
  std::string ConfigOf(const std::string& uri) const {
    return nlohmann::json{{"uri", uri},
                          {"default_repository", ""},
                          {"config", nlohmann::json::object()},
                          {"connector", login_.connector}}
        .dump();
  }
  bool HasConnector() const { return !login_.connector.is_null(); }
  // A user name and password: there is nothing but them to log in with.
  bool IsPassword() const {
    return GetParam().type == "docker" || GetParam().method == "admin-user";
  }

  // Every operation once; each ends with OK and its record, or with one error that says why.
  void RunAll(FlavorDriver& flavor) {
    std::vector<sdk::Finding> findings;
    std::optional<sdk::Plan> plan;
    std::optional<sdk::Image> image;
    sdk::Page page;
    sdk::ResourcePage resources;
    ExpectSound(flavor.ValidateConfig(Config(), &findings), true, "validate_config");
    for (const uint32_t actions : {GANTRY_PULL | GANTRY_PUSH, GANTRY_PULL | GANTRY_HAND_OUT}) {
      std::optional<sdk::Credential> credential;
      const Outcome login = flavor.Authenticate(target_, actions, &credential);
      ExpectSound(login, credential.has_value(), "authenticate");
      if (credential) {
        EXPECT_EQ(credential->registry_host, target_.registry_host);
      }
    }
    const Outcome prepared = flavor.PreparePush(target_, &plan);
    ExpectSound(prepared, plan.has_value(), "prepare_push");
    if (!plan) plan.emplace().target = target_;
    EXPECT_EQ(plan->target.registry_host, target_.registry_host);
    const Outcome pushed = flavor.Push(*plan, &image);
    ExpectSound(pushed, image.has_value(), "push");
    ExpectSound(flavor.List(target_, "", 10, &page), true, "list");
    ExpectSound(flavor.Remove(target_), true, "remove");
    ExpectSound(flavor.Diagnose(target_, &findings), true, "diagnose");
    ExpectSound(flavor.Verify(&findings), true, "verify");
    ExpectSound(flavor.ListResources("", &resources), true, "list_resources");
    for (const sdk::Finding& f : findings) ExpectNoSecret(f.message + " " + f.remedy);
    for (const sdk::Resource& r : resources.resources) ExpectNoSecret(r.uri + " " + r.description);
  }

  void ExpectSound(const Outcome& outcome, bool has_record, const char* operation) {
    SCOPED_TRACE(operation);
    EXPECT_LE(outcome.failures.size(), 1u);
    if (outcome.ok()) {
      EXPECT_TRUE(has_record) << "OK, but no record";
      return;
    }
    EXPECT_GE(outcome.code, 1);
    EXPECT_LE(outcome.code, 16);
    if (outcome.failures.empty()) return;  // legal: the host or nobody has said why
    EXPECT_EQ(outcome.failures.front().code, outcome.code);
    if (outcome.code == GANTRY_UNIMPLEMENTED && outcome.reason().empty()) return;
    EXPECT_THAT(outcome.reason(), MatchesRegex("[A-Z][A-Z0-9_]{1,62}"));
    EXPECT_NE(outcome.reason(), "FLAVOR_EXCEPTION") << outcome.message();
    EXPECT_FALSE(outcome.message().empty());
    ExpectNoSecret(outcome.message() + " " + outcome.remedy());
  }

  void ExpectNoSecret(const std::string& text) const {
    for (const std::string& trace : traces_) {
      EXPECT_EQ(text.find(trace), std::string::npos) << "a secret in: " << text;
    }
  }

  FakeHost host_;
  ExampleLogin login_;
  std::vector<std::string> traces_;
};

int ThreadsOfThisProcess() {
  const std::filesystem::directory_iterator begin("/proc/self/task"), end;
  return static_cast<int>(std::distance(begin, end));
}

TEST_P(Conformance, F8_OpenAndValidateConfigDoNoIo) {
  FlavorDriver flavor(*table_, host_);
  std::vector<sdk::Finding> findings;
  for (const std::string& uri : {uri_, std::string()}) {
    if (uri.empty() && !HasConnector()) continue;  // a connector alone
    EXPECT_TRUE(flavor.ValidateConfig(ConfigOf(uri), &findings).ok());
    EXPECT_THAT(findings, IsEmpty()) << findings.front().message;
    EXPECT_TRUE(flavor.Open(ConfigOf(uri)).ok());
    flavor.Close();
  }
  EXPECT_EQ(host_.http_calls + host_.registry_calls + host_.push_calls, 0);
}

TEST_P(Conformance, F4_KeepsNoArgumentAfterTheCall) {
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  for (int round = 0; round < 2; ++round) {
    std::optional<sdk::Credential> credential;
    const Outcome login = flavor.Authenticate(target_, GANTRY_PULL, &credential);
    ASSERT_TRUE(login.ok()) << login.message();
    EXPECT_EQ(credential->scheme != GANTRY_AUTH_NONE, HasConnector());
    if (IsPassword()) {
      EXPECT_EQ(credential->username, "gordon");
      EXPECT_EQ(credential->secret.Reveal(), login_.secrets["password"]);
    }
    std::optional<sdk::Plan> plan;
    if (flavor.PreparePush(target_, &plan).ok()) {
      EXPECT_EQ(plan->target.tag, "v1");
      EXPECT_NE(plan->target.repository.find("training"), std::string::npos);
    }
  }
}

// flavor_abi.h, at GANTRY_HAND_OUT.
TEST_P(Conformance, HandsOutNoSecretOfTheConnectors) {
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  std::optional<sdk::Credential> credential;
  const Outcome login = flavor.Authenticate(target_, GANTRY_PULL | GANTRY_HAND_OUT, &credential);
  if (login.code == GANTRY_UNIMPLEMENTED) {  // a flavor may hand out nothing, and says so
    EXPECT_EQ(login.reason(), "FLAVOR_UNSUPPORTED");
    EXPECT_FALSE(login.remedy().empty());
    EXPECT_FALSE(credential.has_value());
    return;
  }
  ASSERT_TRUE(login.ok()) << login.message();
  if (!HasConnector()) return;
  EXPECT_EQ(credential->scheme, GANTRY_AUTH_BASIC);
  // A password, or a token that was typed in, is all there is.
  if (IsPassword() || GetParam().method == "oauth2-token") return;
  EXPECT_GT(credential->expires_unix_ms, 0);
  ExpectNoSecret(std::string(credential->secret.Reveal()));
}

// What a connector's owner says of its end makes a password no shorter-lived.
TEST_P(Conformance, HandsOutPasswordsWithoutAnEnd) {
  if (!IsPassword()) return;
  login_.connector["expires_unix_ms"] = host_.now_unix_ms + 3'600'000;
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  std::optional<sdk::Credential> credential;
  ASSERT_TRUE(flavor.Authenticate(target_, GANTRY_PULL | GANTRY_HAND_OUT, &credential).ok());
  EXPECT_EQ(credential->expires_unix_ms, 0);
}

TEST_P(Conformance, F5_FailsOnceWithAReasonWhateverTheRegistryAnswers) {
  const std::string kBodies[] = {"",
                                 "{}",
                                 "[]",
                                 "null",
                                 "\xff\xfe",
                                 "{\"errors\": [7]}",
                                 "{\"tags\": 3}",
                                 "{\"tags\": [1, null]}",
                                 R"({"errors": [{"code": "DENIED", "message": "no"}]})",
                                 "<html>",
                                 std::string(100'000, '[')};
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  for (const int status : {200, 202, 301, 400, 401, 403, 404, 405, 429, 500, 503, 999, -1}) {
    for (const std::string& body : kBodies) {
      SCOPED_TRACE(std::to_string(status) + " " + body.substr(0, 40));
      const auto answer = [&](const sdk::HttpRequest&) {
        return sdk::HttpResponse{
            status, {{"Link", "<x>; rel=\"next\""}, {"Retry-After", "7"}}, body};
      };
      host_.on_http = host_.on_registry = answer;
      RunAll(flavor);
    }
  }
}

TEST_P(Conformance, F5_PassesOnWhatTheHostsEngineSaid) {
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  host_.push_code = GANTRY_PERMISSION_DENIED;
  sdk::Plan plan;
  plan.target = target_;
  std::optional<sdk::Image> image;
  const Outcome outcome = flavor.Push(plan, &image);
  if (host_.push_calls > 0) {
    EXPECT_EQ(outcome.code, GANTRY_PERMISSION_DENIED);
  }
}

TEST_P(Conformance, F6_EightThreadsUseOneInstance) {
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) RunAll(flavor);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(Conformance, F6_CloseJoinsEveryThread) {
  const int before = ThreadsOfThisProcess();
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  RunAll(flavor);
  flavor.Close();
  EXPECT_EQ(ThreadsOfThisProcess(), before);
}

TEST_P(Conformance, F7_SurvivesConfigurationsThatMakeNoSense) {
  const std::string kConfigs[] = {
      "",
      "[]",
      "{",
      "null",
      "7",
      "\"text\"",
      "{\"uri\": 7, \"connector\": \"x\", \"config\": []}",
      R"({"uri": "", "connector": {"type": 1, "auth_method": [], "config": 5}})",
      std::string(100'000, '['),
      std::string("{\"uri\": \"a\0b\"}", 14),
      "{\"uri\": \"\xff\"}"};
  for (const std::string& config : kConfigs) {
    SCOPED_TRACE(config.substr(0, 60));
    FlavorDriver flavor(*table_, host_);
    std::vector<sdk::Finding> findings;
    ExpectSound(flavor.ValidateConfig(config, &findings), true, "validate_config");
    const Outcome opened = flavor.Open(config);
    ExpectSound(opened, true, "open");
    if (opened.ok()) RunAll(flavor);
  }
}

TEST_P(Conformance, F9_GivesUpWhenTheTimeIsUp) {
  FlavorDriver flavor(*table_, host_);
  ASSERT_TRUE(flavor.Open(Config()).ok());
  host_.stalled = true;
  flavor.timeout = std::chrono::milliseconds(50);
  const auto start = std::chrono::steady_clock::now();
  RunAll(flavor);
  // A dozen operations of 50 ms each, and room for a loaded machine.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));

  sdk::Plan plan;
  plan.target = target_;
  std::optional<sdk::Image> image;
  const Outcome late = flavor.Push(plan, &image);
  EXPECT_FALSE(late.ok());
  EXPECT_FALSE(image.has_value());
}

INSTANTIATE_TEST_SUITE_P(Flavors, Conformance, ::testing::ValuesIn(AllLogins()),
                         NameOfParam<FlavorLogin>);

}  // namespace
}  // namespace gantry::testing
