#include "gantryd/credentials/pull_credential.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "oci/auth_file.h"
#include "oci/json.h"

namespace gantry {
namespace {

PullCredential Example() {
  PullCredential credential;
  credential.registry_host = "docker.io";
  credential.username = "me";
  credential.password = Secret("pw:with:colons");
  credential.expires = WallTime(std::chrono::seconds(1'795'435'200));
  return credential;
}

TEST(PullCredential, DockerReadsItsOwnConfig) {
  const auto file = AuthFile::Parse(DockerConfigJson(Example()).Reveal(), "config.json", true);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto login = file->Find("docker.io", "library/app", false);
  ASSERT_TRUE(login.ok());
  EXPECT_EQ(login->username, "me");
  EXPECT_EQ(login->secret.Reveal(), "pw:with:colons");
}

TEST(PullCredential, ARegistryWithoutLoginHasAnEmptyConfig) {
  PullCredential anonymous;
  anonymous.registry_host = "localhost:5000";
  EXPECT_EQ(DockerConfigJson(anonymous).Reveal(), R"({"auths":{}})");
}

TEST(PullCredential, IsAKubernetesSecret) {
  const Json secret = *ParseJson(KubernetesSecret(Example(), "pull", "ml").Reveal());
  EXPECT_EQ(secret["apiVersion"], "v1");
  EXPECT_EQ(secret["kind"], "Secret");
  EXPECT_EQ(secret["type"], "kubernetes.io/dockerconfigjson");
  EXPECT_EQ(secret["metadata"]["name"], "pull");
  EXPECT_EQ(secret["metadata"]["namespace"], "ml");
  EXPECT_EQ(secret["metadata"]["annotations"]["gantry-expires"], "2026-11-23T12:00:00Z");
  std::string config;
  ASSERT_TRUE(Base64Decode(secret["data"][".dockerconfigjson"].get<std::string>(), &config));
  EXPECT_EQ(config, DockerConfigJson(Example()).Reveal());
  EXPECT_FALSE(secret["metadata"]["annotations"].contains("gantry-read-only"));
  EXPECT_FALSE(secret["metadata"]["annotations"].contains("gantry-one-repository"));
  const Json plain = *ParseJson(KubernetesSecret(Example(), "pull", "").Reveal());
  EXPECT_FALSE(plain["metadata"].contains("namespace"));
}

TEST(PullCredential, AKubernetesSecretSaysHowNarrowItIs) {
  PullCredential narrow = Example();
  narrow.read_only = narrow.one_repository = true;
  const Json secret = *ParseJson(KubernetesSecret(narrow, "pull", "").Reveal());
  EXPECT_EQ(secret["metadata"]["annotations"]["gantry-read-only"], "true");
  EXPECT_EQ(secret["metadata"]["annotations"]["gantry-one-repository"], "true");
}

TEST(PullCredential, ASecretInAClusterSaysWhatItIs) {
  PullCredential credential = Example();
  const auto annotations = [&] {
    return (
        *ParseJson(KubernetesSecret(credential, "pull", "").Reveal()))["metadata"]["annotations"];
  };
  EXPECT_EQ(annotations(),
            (Json{{"gantry-registry", "docker.io"}, {"gantry-expires", "2026-11-23T12:00:00Z"}}));
  credential.long_lived = true;
  credential.expires.reset();
  EXPECT_EQ(annotations(), (Json{{"gantry-registry", "docker.io"}, {"gantry-long-lived", "true"}}));
}

TEST(PullCredential, KubernetesNamesAreSubdomains) {
  for (const char* good : {"a", "gantry-pull", "a.b-c.0", "0"}) {
    EXPECT_EQ(CheckKubernetesName(good), std::nullopt) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("A"), std::string("-a"), std::string("a-"), std::string("a..b"),
        std::string("a_b"), std::string("a/b"), std::string(254, 'a')}) {
    EXPECT_NE(CheckKubernetesName(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace gantry
