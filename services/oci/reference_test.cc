#include "oci/reference.h"

#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry {
namespace {

constexpr char kDigest[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Reference, ReadsNamesAsDockerDoes) {
  const struct {
    const char *text, *canonical;
  } cases[] = {
      {"ubuntu", "docker.io/library/ubuntu"},
      {"ubuntu:22.04", "docker.io/library/ubuntu:22.04"},
      {"me/app:1", "docker.io/me/app:1"},
      {"index.docker.io/ubuntu", "docker.io/library/ubuntu"},
      {"registry-1.docker.io/me/app", "docker.io/me/app"},
      {"registry.hub.docker.com/me/app", "docker.io/me/app"},
      {"localhost/app", "localhost/app"},
      {"localhost:5000/app:x", "localhost:5000/app:x"},
      {"GCR.io/project/app", "gcr.io/project/app"},
      {"ghcr.io:443/a/b", "ghcr.io/a/b"},
      {"[::1]:5000/x:y", "[::1]:5000/x:y"},
      {"LocalHost/app", "localhost/app"},
      {"registry:443/app", "registry:443/app"},
      {"a.b/c__d/e-f.g", "a.b/c__d/e-f.g"},
  };
  for (const auto& c : cases) {
    const auto reference = Reference::Parse(c.text);
    ASSERT_TRUE(reference.ok()) << c.text << ": " << reference.status();
    EXPECT_EQ(reference->text(), c.canonical);
  }
}

TEST(Reference, DigestWinsOverTag) {
  const auto reference = Reference::Parse(std::string("a.b/c:tag@") + kDigest);
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->manifest_key(), kDigest);
  EXPECT_EQ(reference->tag(), "tag");
  EXPECT_EQ(Reference::Parse("a.b/c")->manifest_key(), "latest");
}

TEST(Reference, RefusesWhatIsNoName) {
  for (const char* bad :
       {"", " ", "/", "a//b", "-a", "a-", "a.b/C", "a.b/c:", "a.b/c:-x", "a.b/c:x+y", "a.b/c@x",
        "a.b/c@sha256:12", "a___b", "a..b", "http://a.b/c", "a.b:0/c", "a.b:99999/c", "a.b:x/c",
        "[::g]/c", "a b/c", "a.b/c\n/d", "a.-b/c", "Team/app",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}) {
    const auto reference = Reference::Parse(bad);
    EXPECT_FALSE(reference.ok()) << bad;
    EXPECT_EQ(ReasonOf(reference.status()), reason::kInvalidReference);
    EXPECT_NE(DetailOf(reference.status()).remedy, "");
  }
  EXPECT_FALSE(Reference::Parse("a.b/" + std::string(253, 'c')).ok()) << "longer than 255";
  EXPECT_FALSE(Reference::Parse("a.b/c:" + std::string(129, 't')).ok());
}

TEST(RegistryUri, IsStoredCanonical) {
  const struct {
    const char *text, *canonical;
  } cases[] = {
      {"docker.io/myusername", "docker.io/myusername"},
      {"https://index.docker.io/me/", "docker.io/me"},
      {"gcr.io/my-project//", "gcr.io/my-project"},
      {"123456789012.dkr.ecr.us-east-1.amazonaws.com",
       "123456789012.dkr.ecr.us-east-1.amazonaws.com"},
      {"http://10.0.0.1:5000/a/b", "10.0.0.1:5000/a/b"},
      {"localhost:5000", "localhost:5000"},
      {"GHCR.io/MyUserName", "ghcr.io/myusername"},
  };
  for (const auto& c : cases) {
    const auto uri = RegistryUri::Parse(c.text);
    ASSERT_TRUE(uri.ok()) << c.text << ": " << uri.status();
    EXPECT_EQ(uri->text(), c.canonical);
  }
  EXPECT_EQ(RegistryUri::Parse("http://a.b")->plain_http(), true);
  EXPECT_EQ(RegistryUri::Parse("https://a.b")->plain_http(), false);
  EXPECT_EQ(RegistryUri::Parse("a.b")->plain_http(), std::nullopt);
  for (const char* bad : {"", "/", "myusername", "MyUsername", "my/project", "ftp://a.b", "a.b/x:tag"}) {
    EXPECT_FALSE(RegistryUri::Parse(bad).ok()) << bad;
  }
}

TEST(RegistryUri, OwnsOnlyWhatLiesBelowItsPath) {
  const auto foo = *RegistryUri::Parse("gcr.io/foo");
  EXPECT_TRUE(foo.Owns("gcr.io", "foo/app"));
  EXPECT_FALSE(foo.Owns("gcr.io", "foobar/app"));
  EXPECT_FALSE(foo.Owns("gcr.io", "foo"));
  EXPECT_FALSE(foo.Owns("gcr.io.evil.example", "foo/app"));
  EXPECT_FALSE(foo.Owns("us.gcr.io", "foo/app"));
  EXPECT_TRUE(RegistryUri::Parse("localhost:5000")->Owns("localhost:5000", "app"));
  EXPECT_FALSE(RegistryUri::Parse("localhost:5000")->Owns("localhost:5001", "app"));
}

TEST(RegistryUri, PutsRepositoriesBelowItsPath) {
  EXPECT_EQ(RegistryUri::Parse("docker.io/me")->Repository("app"), "me/app");
  EXPECT_EQ(RegistryUri::Parse("docker.io")->Repository("app"), "library/app");
  EXPECT_EQ(RegistryUri::Parse("docker.io")->Repository("me/app"), "me/app");
  EXPECT_EQ(RegistryUri::Parse("localhost:5000")->Repository("app"), "app");
}

TEST(Hosts, DockerHubsApiHasAHostOfItsOwn) {
  EXPECT_EQ(ApiHost("docker.io"), "registry-1.docker.io");
  EXPECT_EQ(ApiHost("ghcr.io"), "ghcr.io");
}

}  // namespace
}  // namespace gantry
