#include "oci/auth_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Scheme = Credential::Scheme;

// "<scheme> <user>:<secret>", or the error's reason.
std::string Found(const std::string& json, const std::string& host,
                  const std::string& repository = "team/app", bool podman = false) {
  const auto file = AuthFile::Parse(json, "config.json");
  if (!file.ok()) return ReasonOf(file.status());
  const auto credential = file->Find(host, repository, podman);
  if (!credential.ok()) return ReasonOf(credential.status());
  const char* const names[] = {"anonymous", "basic", "bearer", "identity"};
  return fmt::format("{} {}:{}", names[static_cast<int>(credential->scheme)], credential->username,
                     credential->secret.Reveal());
}

std::string Auths(const std::string& key, const std::string& entry) {
  return fmt::format(R"({{"auths":{{"{}":{}}}}})", key, entry);
}
std::string Auth(const std::string& pair) {
  return fmt::format(R"({{"auth":"{}"}})", Base64Encode(pair));
}

TEST(AuthFileTest, ReadsEveryKindOfLogin) {
  EXPECT_EQ(Found(Auths("r.io", Auth("ann:pass:word")), "r.io"), "basic ann:pass:word");
  EXPECT_EQ(Found(Auths("r.io", R"({"auth":"YW5uOnB3"})"), "r.io"), "basic ann:pw");
  EXPECT_EQ(Found(Auths("r.io", R"({"auth":"YW5uOnBhc3M"})"), "r.io"), "basic ann:pass");
  EXPECT_EQ(Found(Auths("r.io", Auth(std::string("ann:pw\0\0", 8))), "r.io"), "basic ann:pw");
  EXPECT_EQ(Found(Auths("r.io", R"({"username":"ann","password":"pw"})"), "r.io"), "basic ann:pw");
  EXPECT_EQ(Found(Auths("r.io", R"({"auth":"YW5uOnB3","identitytoken":"it"})"), "r.io"),
            "identity ann:it");
  EXPECT_EQ(Found(Auths("r.io", R"({"registrytoken":"rt"})"), "r.io"), "bearer :rt");
  EXPECT_EQ(Found(Auths("r.io", "{}"), "r.io"), "anonymous :");
  EXPECT_EQ(Found("{}", "r.io"), "anonymous :");
}

TEST(AuthFileTest, FindsTheKeyHoweverItIsWritten) {
  for (const char* key : {"r.io:5000", "https://r.io:5000", "http://r.io:5000/v1/", "R.io:5000"}) {
    EXPECT_EQ(Found(Auths(key, Auth("a:b")), "r.io:5000"), "basic a:b") << key;
  }
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io",
                          "https://registry-1.docker.io"}) {
    EXPECT_EQ(Found(Auths(key, Auth("a:b")), "docker.io"), "basic a:b") << key;
  }
  EXPECT_EQ(Found(Auths("r.io", Auth("a:b")), "r.io:5000"), "anonymous :");
  EXPECT_EQ(Found(Auths("evil-r.io", Auth("a:b")), "r.io"), "anonymous :");
  EXPECT_EQ(Found(Auths("r.io.evil.net", Auth("a:b")), "r.io"), "anonymous :");
}

TEST(AuthFileTest, PodmansLongestPathWins) {
  const std::string file =
      fmt::format(R"({{"auths":{{"r.io":{},"r.io/team":{},"r.io/team/app2":{}}}}})", Auth("h:1"),
                  Auth("t:2"), Auth("x:3"));
  EXPECT_EQ(Found(file, "r.io", "team/app", true), "basic t:2");
  EXPECT_EQ(Found(file, "r.io", "team/app2", true), "basic x:3");
  EXPECT_EQ(Found(file, "r.io", "teams/app", true), "basic h:1");
  EXPECT_EQ(Found(Auths("r.io/team", Auth("t:2")), "r.io", "other", true), "anonymous :");
  EXPECT_EQ(Found(file, "r.io", "team/app", false), "basic h:1");
}

TEST(AuthFileTest, AHelperOfTheHostGoesBeforeTheStore) {
  const auto file = AuthFile::Parse(
      R"({"credHelpers":{"r.io":"ecr-login","https://index.docker.io/v1/":"hub"},"credsStore":"desktop"})",
      "config.json");
  EXPECT_EQ(file->HelperFor("r.io"), "ecr-login");
  EXPECT_EQ(file->HelperFor("docker.io"), "hub");
  EXPECT_EQ(file->HelperFor("other.io"), "desktop");
  EXPECT_EQ(AuthFile::Parse("{}", "x")->HelperFor("r.io"), "");
}

TEST(AuthFileTest, BrokenFilesAreNamedAndTheirSecretsAreNot) {
  for (const std::string& broken :
       {std::string("{"), std::string("[]"), std::string(""), std::string(R"({"auths":[]})"),
        std::string(R"({"auths":{"r.io":"s3cret"}})"), std::string(100'000, '['),
        std::string(R"({"credHelpers":7})")}) {
    const auto status = AuthFile::Parse(broken, "/home/a/config.json").status();
    EXPECT_EQ(ReasonOf(status), "CREDENTIAL_HELPER") << broken.substr(0, 50);
    EXPECT_THAT(MessageOf(status), HasSubstr("/home/a/config.json"));
    EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr("s3cret")));
  }
  for (const char* entry : {R"({"auth":"!!!"})", R"({"auth":"c2VjcmV0"})", R"({"auth":"OnB3"})"}) {
    EXPECT_EQ(Found(Auths("r.io", entry), "r.io"), "CREDENTIAL_HELPER") << entry;
    EXPECT_EQ(Found(Auths("r.io", entry), "other.io"), "anonymous :");
  }
}

TEST(AuthFileTest, TheVariableTakesNothingButAuths) {
  EXPECT_TRUE(AuthFile::Parse(Auths("r.io", Auth("a:b")), "V", true).ok());
  EXPECT_FALSE(AuthFile::Parse(R"({"auths":{},"credsStore":"x"})", "V", true).ok());
  EXPECT_FALSE(AuthFile::Parse(Auths("r.io", R"({"username":"a"})"), "V", true).ok());
}

}  // namespace
}  // namespace gantry
