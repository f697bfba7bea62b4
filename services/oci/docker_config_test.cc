#include "oci/docker_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

class DockerKeychainTest : public ::testing::Test {
 protected:
  DockerKeychainTest() {
    std::string pattern = ::testing::TempDir() + "keychainXXXXXX";
    home_ = mkdtemp(pattern.data());
    environment_.variables = {{"HOME", home_}, {"PATH", home_ + "/bin:/usr/bin:/bin"}};
  }
  ~DockerKeychainTest() override { std::filesystem::remove_all(home_); }

  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(home_) / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void WriteLogin(const std::string& file, const std::string& host, const std::string& pair) {
    Write(file, fmt::format(R"({{"auths":{{"{}":{{"auth":"{}"}}}}}})", host, Base64Encode(pair)));
  }
  void WriteHelper(const std::string& suffix, const std::string& script) {
    Write("bin/docker-credential-" + suffix, "#!/bin/sh\n" + script);
    std::filesystem::permissions(home_ + "/bin/docker-credential-" + suffix,
                                 std::filesystem::perms::owner_all);
  }
  // "user:secret" or the error's reason.
  std::string Get(DockerKeychain& keychain, const std::string& host, bool refresh = false) {
    const auto credential = keychain.Get(call_, host, "team/app", {}, refresh);
    if (!credential.ok()) return ReasonOf(credential.status());
    return credential->username + ":" + std::string(credential->secret.Reveal());
  }
  std::string Get(const std::string& host) {
    DockerKeychain keychain(environment_);
    return Get(keychain, host);
  }

  SystemClock clock_;
  CallContext call_{clock_, std::chrono::minutes(1), "r"};
  std::string home_;
  Environment environment_;
};

TEST_F(DockerKeychainTest, LooksInOnePlaceAfterTheOther) {
  EXPECT_EQ(Get("r.io"), ":");
  WriteLogin(".config/containers/auth.json", "r.io", "a:5");
  EXPECT_EQ(Get("r.io"), "a:5");
  environment_.variables["XDG_RUNTIME_DIR"] = home_ + "/run";
  WriteLogin("run/containers/auth.json", "r.io", "a:4");
  EXPECT_EQ(Get("r.io"), "a:4");
  environment_.variables["REGISTRY_AUTH_FILE"] = home_ + "/auth.json";
  WriteLogin("auth.json", "r.io", "a:3");
  EXPECT_EQ(Get("r.io"), "a:3");
  WriteLogin(".docker/config.json", "r.io", "a:2");
  EXPECT_EQ(Get("r.io"), "a:2");
  environment_.variables["DOCKER_CONFIG"] = home_ + "/docker";
  EXPECT_EQ(Get("r.io"), "a:3") << "the variable replaces the home directory";
  WriteLogin("docker/config.json", "r.io", "a:1");
  EXPECT_EQ(Get("r.io"), "a:1");
  environment_.variables["DOCKER_AUTH_CONFIG"] = R"({"auths":{"r.io":{"auth":"YTow"}}})";
  EXPECT_EQ(Get("r.io"), "a:0");
  EXPECT_EQ(Get("other.io"), ":");
}

TEST_F(DockerKeychainTest, TellsWhereALoginIsFrom) {
  const auto source = [this](const std::string& host) {
    DockerKeychain keychain(environment_);
    return keychain.Get(call_, host, "team/app", {}, false)->source;
  };
  EXPECT_EQ(source("r.io"), "");
  WriteLogin(".config/containers/auth.json", "r.io/team", "a:1");
  EXPECT_EQ(source("r.io"), home_ + "/.config/containers/auth.json, entry r.io/team");
  WriteLogin(".docker/config.json", "https://r.io/v2/", "a:1");
  EXPECT_EQ(source("r.io"), home_ + "/.docker/config.json, entry https://r.io/v2/");
  WriteHelper("echo", R"(echo '{"Username":"u","Secret":"s"}')");
  Write(".docker/config.json", R"({"credHelpers":{"r.io":"echo"}})");
  EXPECT_EQ(source("r.io"), "docker-credential-echo");
}

TEST_F(DockerKeychainTest, AChangedFileIsReadAgain) {
  DockerKeychain keychain(environment_);
  EXPECT_EQ(Get(keychain, "r.io"), ":");
  WriteLogin(".docker/config.json", "r.io", "a:old");
  EXPECT_EQ(Get(keychain, "r.io"), "a:old");
  WriteLogin(".docker/config.json", "r.io", "a:newer");
  EXPECT_EQ(Get(keychain, "r.io"), "a:newer");
  std::filesystem::remove(home_ + "/.docker/config.json");
  EXPECT_EQ(Get(keychain, "r.io"), ":");
}

TEST_F(DockerKeychainTest, ABrokenFileIsNamed) {
  Write(".docker/config.json", "{");
  DockerKeychain keychain(environment_);
  const auto status = keychain.Get(call_, "r.io", "", {}, false).status();
  EXPECT_EQ(ReasonOf(status), "CREDENTIAL_HELPER");
  EXPECT_THAT(MessageOf(status), HasSubstr(home_ + "/.docker/config.json"));
  WriteLogin(".docker/config.json", "r.io", "a:b");
  EXPECT_EQ(Get(keychain, "r.io"), "a:b");
  std::filesystem::remove(home_ + "/.docker/config.json");
  environment_.variables["DOCKER_AUTH_CONFIG"] = R"({"auths":{},"x":1})";
  EXPECT_EQ(Get("r.io"), "CREDENTIAL_HELPER");
}

TEST_F(DockerKeychainTest, HelpersAreAskedByDockersKeys) {
  WriteHelper("echo", R"sh(printf '{"Username":"u","Secret":"%s"}' "$(cat)")sh");
  Write(".docker/config.json", R"({"credHelpers":{"r.io":"echo"},"credsStore":"none",)"
                               R"("auths":{"r.io":{"auth":"YTow"}}})");
  WriteHelper("none", "echo 'credentials not found in native keychain'; exit 1");
  EXPECT_EQ(Get("r.io"), "u:r.io");
  EXPECT_EQ(Get("other.io"), ":");
  Write(".docker/config.json", R"({"credsStore":"echo"})");
  EXPECT_EQ(Get("docker.io"), "u:https://index.docker.io/v1/");
  EXPECT_EQ(Get("localhost:5000"), "u:localhost:5000");
}

TEST_F(DockerKeychainTest, ARefusedLoginOfAHelperIsFetchedAgain) {
  WriteHelper(
      "count",
      R"sh(echo x >>"$HOME/n"; printf '{"Username":"u","Secret":"%s"}' $(wc -l <"$HOME/n"))sh");
  Write(".docker/config.json", R"({"credsStore":"count"})");
  DockerKeychain keychain(environment_);
  EXPECT_EQ(Get(keychain, "r.io"), "u:1");
  EXPECT_EQ(Get(keychain, "r.io"), "u:1");
  EXPECT_EQ(Get(keychain, "r.io", /*refresh=*/true), "u:2");
  EXPECT_EQ(Get(keychain, "r.io"), "u:2");
}

}  // namespace
}  // namespace gantry
