// One definition for flags, environment and file; and what is refused before anything starts.
#include "gantryd/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/status.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  ~ConfigTest() override {
    for (const std::string& name : set_) unsetenv(name.c_str());
    std::filesystem::remove(file_);
  }
  void SetEnv(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  std::string File(const std::string& text) {
    std::ofstream(file_) << text;
    return file_;
  }
  Config Parse(std::vector<const char*> arguments) {
    Config config;
    EarlyExit early;
    EXPECT_TRUE(Run(std::move(arguments), config, early)) << early.text;
    return config;
  }
  // What is printed instead of starting, after checking the exit code of wrong usage.
  std::string Refused(std::vector<const char*> arguments) {
    Config config;
    EarlyExit early;
    EXPECT_FALSE(Run(std::move(arguments), config, early));
    EXPECT_EQ(early.code, 2);
    return early.text;
  }
  static bool Run(std::vector<const char*> arguments, Config& config, EarlyExit& early) {
    arguments.insert(arguments.begin(), "gantryd");
    return ParseConfig(static_cast<int>(arguments.size()), arguments.data(), config, early);
  }

 private:
  std::vector<std::string> set_;
  const std::string file_ = (std::filesystem::temp_directory_path() /
                             ("config." + std::to_string(getpid()) + ".toml")).string();
};

TEST_F(ConfigTest, StartsWithoutAnything) {
  SetEnv("XDG_STATE_HOME", "/somewhere");
  const Config config = Parse({});
  EXPECT_EQ(config.listen, "127.0.0.1:7460");
  EXPECT_EQ(config.state_dir, "/somewhere/gantry");
  EXPECT_FALSE(config.dev);
  EXPECT_EQ(config.log_level, "info");
}

TEST_F(ConfigTest, AFlagOutweighsTheEnvironmentAndThatTheFile) {
  const std::string file =
      File("listen = \"127.0.0.1:1\"\nstate-dir = \"/file\"\nlog-level = \"debug\"\n"
           "allow-source-root = [\"/a\", \"/b\"]\ndrain-timeout = 7\ndev = true\n");
  SetEnv("GANTRY_LISTEN", "127.0.0.1:2");
  SetEnv("GANTRY_STATE_DIR", "/environment");
  const Config config = Parse({"--config", file.c_str(), "--listen", "127.0.0.1:3"});
  EXPECT_EQ(config.listen, "127.0.0.1:3");
  EXPECT_EQ(config.state_dir, "/environment");
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_THAT(config.source_roots, ElementsAre("/a", "/b"));
  EXPECT_EQ(config.drain_timeout, std::chrono::seconds(7));
  EXPECT_TRUE(config.dev);
}

TEST_F(ConfigTest, TheLogLevelComesFromTheEnvironmentToo) {
  SetEnv("GANTRY_LOG_LEVEL", "trace");
  SetEnv("GANTRY_LOG_FORMAT", "json");
  EXPECT_EQ(Parse({}).log_level, "trace");
  EXPECT_EQ(Parse({}).log_format, "json");
  EXPECT_EQ(Parse({"--log-level", "ERROR"}).log_level, "ERROR");
}

TEST_F(ConfigTest, WhatIsWrongIsNamedWhereverItCameFrom) {
  EXPECT_THAT(Refused({"--no-such-flag"}), HasSubstr("--no-such-flag"));
  EXPECT_THAT(Refused({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(Refused({"--push-threads", "0"}), HasSubstr("--push-threads"));
  EXPECT_THAT(Refused({"--log-format", "xml"}), HasSubstr("--log-format"));
  EXPECT_THAT(Refused({"--config", "/no/such/file"}), HasSubstr("/no/such/file"));
  const std::string typo = File("lisen = \"127.0.0.1:1\"\n");
  EXPECT_THAT(Refused({"--config", typo.c_str()}), HasSubstr("lisen"));
  SetEnv("GANTRY_LOG_LEVEL", "loud");
  EXPECT_THAT(Refused({}), HasSubstr("loud"));
}

TEST_F(ConfigTest, HelpAndVersionEndWell) {
  for (const char* flag : {"--help", "--version"}) {
    Config config;
    EarlyExit early;
    EXPECT_FALSE(Run({flag}, config, early));
    EXPECT_EQ(early.code, 0);
    const bool help = std::string_view(flag) == "--help";
    EXPECT_THAT(early.text, HasSubstr(help ? "GANTRY_LISTEN" : "gantryd "));
  }
}

TEST_F(ConfigTest, ListensOnLoopbackAlone) {
  for (const char* address : {"127.0.0.1:0", "127.9.9.9:7460", "localhost:7460", "[::1]:7460",
                              "unix:/run/gantry.sock"}) {
    EXPECT_TRUE(CheckListenAddress(address).ok()) << address;
  }
  for (const char* address : {"0.0.0.0:7460", "[::]:7460", "192.168.1.2:7460", ":7460",
                              "example.com:7460", "128.0.0.1:1", "127.0.0.1.example.com:1"}) {
    const absl::Status s = CheckListenAddress(address);
    EXPECT_EQ(ReasonOf(s), reason::kInvalidArgument) << address;
    EXPECT_THAT(std::string(MessageOf(s)), HasSubstr("TLS and caller authentication")) << address;
    EXPECT_THAT(DetailOf(s).remedy, HasSubstr("loopback")) << address;
  }
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                              "unix:relative", "127.0.0.1:-1"}) {
    EXPECT_THAT(std::string(MessageOf(CheckListenAddress(address))),
                HasSubstr("not an address")) << address;
  }
}

}  // namespace
}  // namespace gantry
