#include "plugins/gcp/names.h"

#include <gmock/gmock.h>

namespace gantry::gcp {
namespace {

using ::testing::HasSubstr;

struct Parsed {
  sdk::Status status;
  RepositoryName name;
};

Parsed Parse(const std::string& uri) {
  Parsed parsed;
  const size_t slash = std::min(uri.find('/'), uri.size());
  parsed.status = ParseRepository(uri.substr(0, slash),
                                  slash < uri.size() ? uri.substr(slash + 1) : "", parsed.name);
  return parsed;
}

TEST(Names, FollowHostAndPathIntoTheRepository) {
  struct Case {
    std::string uri, resource, image;
  };
  const Case kCases[] = {
      {"us-central1-docker.pkg.dev/my-project/my-repo",
       "projects/my-project/locations/us-central1/repositories/my-repo", ""},
      {"europe-docker.pkg.dev/my-project/my-repo/team/app",
       "projects/my-project/locations/europe/repositories/my-repo", "team/app"},
      {"docker.europe-west12.rep.pkg.dev/my-project/my-repo",
       "projects/my-project/locations/europe-west12/repositories/my-repo", ""},
      {"us-docker.pkg.dev/example.com/my-project/my-repo/app",
       "projects/example.com:my-project/locations/us/repositories/my-repo", "app"},
      {"us-docker.pkg.dev/my-project/gcr.io/app",
       "projects/my-project/locations/us/repositories/gcr.io", "app"},
      {"gcr.io/my-project", "projects/my-project/locations/us/repositories/gcr.io", ""},
      {"us.gcr.io/my-project/app", "projects/my-project/locations/us/repositories/us.gcr.io",
       "app"},
      {"eu.gcr.io/my-project/a/b", "projects/my-project/locations/europe/repositories/eu.gcr.io",
       "a/b"},
      {"asia.gcr.io/my-project", "projects/my-project/locations/asia/repositories/asia.gcr.io", ""},
      {"gcr.io/example.com/my-project/app",
       "projects/example.com:my-project/locations/us/repositories/gcr.io", "app"},
  };
  for (const Case& c : kCases) {
    const Parsed parsed = Parse(c.uri);
    ASSERT_TRUE(parsed.status.ok()) << c.uri << ": " << parsed.status.message;
    EXPECT_EQ(parsed.name.Resource(), c.resource) << c.uri;
    EXPECT_EQ(parsed.name.image, c.image) << c.uri;
  }
}

TEST(Names, RefuseWithAReason) {
  for (const char* uri : {"", "docker.io/my-project", "us-docker.pkg.dev/My-Project/repo"}) {
    const Parsed parsed = Parse(uri);
    EXPECT_EQ(parsed.status.code, GANTRY_INVALID_ARGUMENT) << uri;
    EXPECT_EQ(parsed.status.reason, "INVALID_REFERENCE");
  }
}

TEST(Names, LeadBackToTheUri) {
  for (const char* uri :
       {"us-central1-docker.pkg.dev/my-project/my-repo", "eu.gcr.io/my-project",
        "europe-docker.pkg.dev/example.com/my-project/my-repo", "gcr.io/example.com/my-project"}) {
    EXPECT_EQ(RegistryUri(Parse(uri).name), uri);
  }
}

TEST(Names, KnowProjects) {
  for (const char* good : {"my-project", "example.com:my-project"}) EXPECT_TRUE(IsProject(good));
  for (const char* bad : {"", ":", "my project", "a/b", "example.com:", ":my-project", "../../x"}) {
    EXPECT_FALSE(IsProject(bad)) << bad;
  }
}

}  // namespace
}  // namespace gantry::gcp
