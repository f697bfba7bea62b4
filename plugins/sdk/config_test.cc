#include "plugins/sdk/config.h"

#include <gtest/gtest.h>

namespace gantry::sdk {
namespace {

TEST(Config, SplitsTheUriIntoHostAndPath) {
  const Config plain(R"({"uri": "docker.io/acme/"})");
  EXPECT_EQ(plain.uri(), "docker.io/acme");
  EXPECT_EQ(plain.host(), "docker.io");
  EXPECT_EQ(plain.path(), "acme");
  const Config bare(R"({"uri": "http://localhost:5000"})");
  EXPECT_EQ(bare.host(), "localhost:5000");
  EXPECT_EQ(bare.path(), "");
  EXPECT_FALSE(bare.has_connector());
}

TEST(Config, ReadsTheConnector) {
  const Config config(R"({"uri": "a.example", "config": {"region": "x"}, "connector":
      {"type": "docker", "auth_method": "password", "config": {"username": "gordon"}}})");
  EXPECT_TRUE(config.has_connector());
  EXPECT_EQ(config.connector_type(), "docker");
  EXPECT_EQ(config.auth_method(), "password");
  EXPECT_EQ(config.connector_fields()["username"].Text(), "gordon");
  EXPECT_EQ(config.fields()["region"].Text(), "x");
  EXPECT_EQ(config.connector_expires_unix_ms(), 0);
  EXPECT_EQ(
      Config(R"({"connector": {"expires_unix_ms": 1795435200000}})").connector_expires_unix_ms(),
      1'795'435'200'000);
  EXPECT_EQ(config.connector_registry(), "");
  EXPECT_EQ(Config(R"({"connector": {"registry": "GHCR.io/acme"}})").connector_registry(),
            "ghcr.io");
  EXPECT_FALSE(Config(R"({"uri": "a.example", "connector": null})").has_connector());
}

TEST(Config, NonsenseIsAnEmptyConfiguration) {
  for (const char* text : {"", "[]", "7", "{\"uri\": 7}", "{\"uri\": \"///\"}"}) {
    const Config config(text);
    EXPECT_EQ(config.host(), "") << text;
    EXPECT_EQ(config.path(), "") << text;
    EXPECT_FALSE(config.has_connector());
    EXPECT_FALSE(config.fields());
  }
}

TEST(Config, HostsOfRegistriesAreComparedInOneForm) {
  EXPECT_EQ(RegistryHostOf("https://Index.Docker.io/v1/"), "docker.io");
  EXPECT_EQ(RegistryHostOf("registry-1.docker.io"), "docker.io");
  EXPECT_EQ(RegistryHostOf("GHCR.io/acme"), "ghcr.io");
  EXPECT_EQ(RegistryHostOf("ghcr.io:443"), "ghcr.io");
  EXPECT_EQ(RegistryHostOf("docker.io.evil.example"), "docker.io.evil.example");
  EXPECT_EQ(RegistryHostOf(""), "");
}

}  // namespace
}  // namespace gantry::sdk
