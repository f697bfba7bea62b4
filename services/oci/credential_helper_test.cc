#include "oci/credential_helper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Scheme = Credential::Scheme;

auto Refused() {
  return FailsWith(absl::StatusCode::kFailedPrecondition, reason::kCredentialHelper);
}

class CredentialHelperTest : public ::testing::Test {
 protected:
  CredentialHelperTest() {
    std::string pattern = ::testing::TempDir() + "helperXXXXXX";
    directory_ = mkdtemp(pattern.data());
    environment_.variables = {{"PATH", directory_ + ":/usr/bin:/bin"},
                              {"DIR", directory_},
                              {"GANTRY_SEALING_KEY", "top-secret"},
                              {"DOCKER_AUTH_CONFIG", "logins"},
                              {"AWS_PROFILE", "-of-aws"}};
  }
  ~CredentialHelperTest() override { std::filesystem::remove_all(directory_); }

  // Installs docker-credential-test; every run leaves a line in the file "runs".
  void Install(const std::string& script) {
    const std::string path = directory_ + "/docker-credential-test";
    std::ofstream(path) << "#!/bin/sh\necho run >>\"$DIR/runs\"\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  int Runs() {
    std::ifstream in(directory_ + "/runs");
    int lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    return lines;
  }
  absl::StatusOr<Credential> Get(const std::string& script) {
    Install(script);
    return CredentialHelpers(environment_, milliseconds(10'000)).Get(call_, "test", "r.io", false);
  }

  SystemClock clock_;
  CallContext call_{clock_, std::chrono::minutes(1), "r"};
  std::string directory_;
  Environment environment_;
};

TEST_F(CredentialHelperTest, GivesALoginForTheKeyOnItsInput) {
  const auto credential = Get(
      R"sh([ "$1" = get ] && printf '{"ServerURL":"x","Username":"ann","Secret":"%s"}' "$(cat)")sh");
  ASSERT_TRUE(credential.ok()) << MessageOf(credential.status());
  EXPECT_EQ(credential->scheme, Scheme::kBasic);
  EXPECT_EQ(credential->username, "ann");
  EXPECT_EQ(credential->secret.Reveal(), "r.io");
}

TEST_F(CredentialHelperTest, TheTokenUserMeansAnIdentityToken) {
  const auto credential = Get(R"(echo '{"Username":"<token>","Secret":"it"}')");
  EXPECT_EQ(credential->scheme, Scheme::kIdentityToken);
}

TEST_F(CredentialHelperTest, NoEntryIsNoError) {
  EXPECT_EQ(Get("echo 'credentials not found in native keychain'; exit 1")->scheme,
            Scheme::kAnonymous);
}

TEST_F(CredentialHelperTest, AFailureIsToldInTheHelpersWordsWithoutItsSecrets) {
  auto status = Get("echo 'the vault is locked'; exit 3").status();
  EXPECT_THAT(status, Refused());
  EXPECT_THAT(MessageOf(status), HasSubstr("exit status 3: the vault is locked"));
  EXPECT_FALSE(DetailOf(status).remedy.empty());
  for (const char* script : {R"(echo '{"Secret":"s3cret"}'; exit 1)", R"(echo '"s3cret" oops')",
                             "echo s3cret >&2; exit 1", "kill -9 $$"}) {
    status = Get(script).status();
    EXPECT_THAT(status, Refused()) << script;
    EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr("s3cret")));
  }
}

TEST_F(CredentialHelperTest, AMissingHelperSaysWhatToInstall) {
  const auto status = CredentialHelpers(environment_).Get(call_, "absent", "r.io", false).status();
  EXPECT_THAT(status, Refused());
  EXPECT_THAT(MessageOf(status), HasSubstr("docker-credential-absent is not installed"));
  EXPECT_THAT(DetailOf(status).remedy, HasSubstr("credsStore"));
}

TEST_F(CredentialHelperTest, TheSuffixIsNoPath) {
  for (const char* suffix : {"", "../x", "a/b", "a b", "a;b", "$(x)"}) {
    EXPECT_EQ(ReasonOf(CredentialHelpers(environment_).Get(call_, suffix, "r.io", false).status()),
              "CREDENTIAL_HELPER");
  }
}

// A killed orphan may stay as a zombie until init takes it.
bool IsAlive(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string pid, name, state;
  return stat >> pid >> name >> state && state != "Z" && state != "X";
}

TEST_F(CredentialHelperTest, ASlowHelperIsKilledWithItsChildren) {
  Install("sleep 1000 & echo $! >\"$DIR/child\"; wait");
  CredentialHelpers helpers(environment_, milliseconds(2000));
  const auto status = helpers.Get(call_, "test", "r.io", false).status();
  EXPECT_THAT(status, Refused());
  EXPECT_THAT(MessageOf(status), HasSubstr("no answer within 2000 ms"));
  std::ifstream in(directory_ + "/child");
  pid_t child = 0;
  ASSERT_TRUE(in >> child);
  while (IsAlive(child)) std::this_thread::yield();
}

TEST_F(CredentialHelperTest, ACancelledCallEndsTheHelper) {
  Install("mkfifo \"$DIR/never\"; echo started >\"$DIR/started\"; read x <\"$DIR/never\"");
  CredentialHelpers helpers(environment_);
  std::jthread canceller([&] {
    while (!std::filesystem::exists(directory_ + "/started")) std::this_thread::yield();
    call_.RequestStop();
  });
  EXPECT_EQ(helpers.Get(call_, "test", "r.io", false).status().code(),
            absl::StatusCode::kCancelled);
}

TEST_F(CredentialHelperTest, HugeOutputIsCutOff) {
  const auto status = Get("yes s3cret").status();
  EXPECT_THAT(status, Refused());
  EXPECT_THAT(MessageOf(status), HasSubstr("64 KiB"));
}

TEST_F(CredentialHelperTest, TheDaemonsOwnVariablesAreNotHandedOnAndAHelpersAre) {
  EXPECT_EQ(Get(R"(printf '{"Username":"u","Secret":"k%s%s%s"}' "$GANTRY_SEALING_KEY" )"
                R"("$DOCKER_AUTH_CONFIG" "$AWS_PROFILE")")
                ->secret.Reveal(),
            "k-of-aws");
}

TEST_F(CredentialHelperTest, OneRunServesEverybodyForAnHour) {
  Install(R"(echo '{"Username":"u","Secret":"s"}')");
  ManualClock clock;
  CallContext call(clock, std::chrono::hours(9), "r");
  CredentialHelpers helpers(environment_);
  std::latch ready(4);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        ready.arrive_and_wait();
        EXPECT_TRUE(helpers.Get(call, "test", "r.io", false).ok());
      });
    }
  }
  EXPECT_EQ(Runs(), 1);
  clock.Advance(std::chrono::minutes(59));
  EXPECT_TRUE(helpers.Get(call, "test", "r.io", false).ok());
  EXPECT_EQ(Runs(), 1);
  clock.Advance(std::chrono::minutes(1));
  EXPECT_TRUE(helpers.Get(call, "test", "r.io", false).ok());
  EXPECT_EQ(Runs(), 2);
}

TEST_F(CredentialHelperTest, AFailureIsRememberedForFiveSeconds) {
  Install("echo no; exit 1");
  ManualClock clock;
  CallContext call(clock, std::chrono::hours(9), "r");
  CredentialHelpers helpers(environment_);
  EXPECT_FALSE(helpers.Get(call, "test", "r.io", false).ok());
  EXPECT_FALSE(helpers.Get(call, "test", "r.io", false).ok());
  EXPECT_EQ(Runs(), 1);
  clock.Advance(std::chrono::seconds(5));
  EXPECT_FALSE(helpers.Get(call, "test", "r.io", false).ok());
  EXPECT_EQ(Runs(), 2);
}

}  // namespace
}  // namespace gantry
