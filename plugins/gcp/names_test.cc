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

TEST(Names, SayWhatWouldBeRight) {
  const std::pair<std::string, std::string> kCases[] = {
      {"us-docker.pkg.dev", "the project is missing"},
      {"us-docker.pkg.dev/my-project", "the repository is missing"},
      {"us-docker.pkg.dev/example.com/my-project", "the repository is missing"},
      {"us-docker.pkg.dev/My-Project/repo", "no project ID"},
      {"us-docker.pkg.dev/tiny/repo", "no project ID"},
      {"us-docker.pkg.dev/my-project-/repo", "no project ID"},
      {"us-docker.pkg.dev/-.com/my-project/repo", "neither a project nor a domain"},
      {"us-docker.pkg.dev/my-project/re_po", "no repository"},
      {"us-docker.pkg.dev/my-project/9repo", "no repository"},
      {"gcr.io", "the project is missing"},
      {"gcr.io/123456789012", "no project ID"},
      {"gcr.io/example.com", "no project ID"},
      {"k8s.gcr.io/my-project", "public images"},
      {"mirror.gcr.io/my-project", "public images"},
      {"us-python.pkg.dev/my-project/repo", "no Docker host"},
      {"-docker.pkg.dev/my-project/repo", "no Docker host"},
      {"a.us-docker.pkg.dev/my-project/repo", "no Docker host"},
      {"docker.rep.pkg.dev/my-project/repo", "no Docker host"},
      {"docker..rep.pkg.dev/my-project/repo", "no Docker host"},
      {"us-docker.pkg.dev.evil.example/my-project/repo", "not us-docker.pkg.dev.evil.example"},
      {"evil-gcr.io/my-project", "not evil-gcr.io"},
      {"gcr.io.evil.example/my-project", "not gcr.io.evil.example"},
      {"docker.io/my-project", "not docker.io"},
      {"gcr.io:8443/my-project", "not gcr.io:8443"},
      {"", "not "},
  };
  for (const auto& [uri, why] : kCases) {
    const Parsed parsed = Parse(uri);
    EXPECT_EQ(parsed.status.code, GANTRY_INVALID_ARGUMENT) << uri;
    EXPECT_EQ(parsed.status.reason, "INVALID_REFERENCE");
    EXPECT_THAT(parsed.status.message, HasSubstr(why)) << uri;
    EXPECT_FALSE(parsed.status.remedy.empty()) << uri;
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
