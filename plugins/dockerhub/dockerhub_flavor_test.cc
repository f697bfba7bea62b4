#include <gmock/gmock.h>

#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"
#include "tests/conformance/uri_checks.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DockerHub : public ::testing::Test {
 protected:
  std::vector<sdk::Finding> Diagnose(int status, sdk::Headers headers) {
    host_.on_registry = [=](const sdk::HttpRequest&) {
      return sdk::HttpResponse{status, headers, ""};
    };
    std::vector<sdk::Finding> findings;
    EXPECT_TRUE(flavor_.Diagnose({"docker.io", "", "", ""}, &findings).ok());
    return findings;
  }
  void TearDown() override { EXPECT_THAT(host_.faults(), IsEmpty()); }

  FakeHost host_;
  FlavorDriver flavor_{*gantry_flavor_v1(), host_};
};

TEST_F(DockerHub, TakesANamespaceOfDockerHubAndNothingElse) {
  ExpectTaken(flavor_, {"docker.io/acme", ""});
  ExpectRefused(flavor_, {{"docker.io", "namespace is missing"},
                          {"docker.io/acme/vision", "one level of namespaces"},
                          {"ghcr.io/acme", "not ghcr.io"},
                          {"docker.io.evil.example/acme", "not docker.io.evil.example"}});
  ExpectOwnNamesRefused(flavor_, "/acme");
}

TEST_F(DockerHub, PushesToNamesOfTwoParts) {
  ASSERT_TRUE(flavor_.Open(ConfigJson("docker.io/acme", false)).ok());
  std::optional<sdk::Plan> plan;
  ASSERT_TRUE(flavor_.PreparePush({"docker.io", "acme/training", "v1", ""}, &plan).ok());
  EXPECT_EQ(plan->target.repository, "acme/training");

  const Outcome deep = flavor_.PreparePush({"docker.io", "acme/vision/training", "v1", ""}, &plan);
  EXPECT_EQ(deep.code, GANTRY_INVALID_ARGUMENT);
  EXPECT_EQ(deep.reason(), "INVALID_REFERENCE");
  EXPECT_EQ(deep.remedy(), "Name it acme/vision-training.");
  const Outcome shallow = flavor_.PreparePush({"docker.io", "training", "v1", ""}, &plan);
  EXPECT_EQ(shallow.code, GANTRY_INVALID_ARGUMENT);
  EXPECT_THAT(shallow.remedy(), HasSubstr("<namespace>/training"));
}

TEST_F(DockerHub, TellsHowManyPullsAreLeft) {
  ASSERT_TRUE(flavor_.Open(ConfigJson("docker.io/acme", false)).ok());
  const auto plenty =
      Diagnose(200, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "76;w=21600"}});
  ASSERT_EQ(plenty.size(), 1u);
  EXPECT_EQ(plenty[0].level, GANTRY_INFO);
  EXPECT_THAT(plenty[0].message, HasSubstr("76 of 100"));
  EXPECT_THAT(host_.requests(), ElementsAre("HEAD /v2/ratelimitpreview/test/manifests/latest"));

  const auto few =
      Diagnose(200, {{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "3"}});
  ASSERT_EQ(few.size(), 1u);
  EXPECT_EQ(few[0].level, GANTRY_WARN);
  EXPECT_FALSE(few[0].remedy.empty());
  EXPECT_EQ(Diagnose(429, {}).at(0).level, GANTRY_WARN);
  EXPECT_THAT(Diagnose(200, {}).at(0).message, HasSubstr("not limited"));
  EXPECT_THAT(Diagnose(500, {{"ratelimit-limit", "many"}}), IsEmpty());
}

TEST_F(DockerHub, TellsWhetherTheLoginMayPullFromARepository) {
  host_.secrets["password"] = "dckr_pat_x";
  ASSERT_TRUE(flavor_.Open(ConfigJson("docker.io/acme", true)).ok());
  const auto found = [&](int status) {
    host_.on_registry = [=](const sdk::HttpRequest& request) {
      const bool limit = request.url.find("ratelimitpreview") != std::string::npos;
      return sdk::HttpResponse{limit ? 404 : status, {}, ""};
    };
    std::vector<sdk::Finding> findings;
    EXPECT_TRUE(flavor_.Diagnose({"docker.io", "acme/app", "", ""}, &findings).ok());
    EXPECT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings.at(0).check, "pull-right");
    return findings.at(0);
  };
  EXPECT_EQ(found(200).message, "this login may pull from docker.io/acme/app");
  EXPECT_EQ(host_.requests().back(), "GET /v2/acme/app/tags/list?n=1");
  EXPECT_EQ(found(200).level, GANTRY_INFO);
  EXPECT_EQ(found(404).level, GANTRY_INFO);
  for (const int refused : {401, 403}) {
    EXPECT_EQ(found(refused).level, GANTRY_WARN);
    EXPECT_THAT(found(refused).remedy, HasSubstr("the right to read it"));
  }
}

TEST_F(DockerHub, WhatItHandsOutIsAsWideAsTheAccount) {
  host_.secrets["password"] = "dckr_pat_x";
  ASSERT_TRUE(flavor_.Open(ConfigJson("docker.io/acme", true)).ok());
  std::optional<sdk::Credential> credential;
  const uint32_t actions = uint32_t{GANTRY_PULL} | GANTRY_HAND_OUT;
  ASSERT_TRUE(flavor_.Authenticate({"docker.io", "acme/app", "", ""}, actions, &credential).ok());
  EXPECT_FALSE(credential->read_only);
  EXPECT_FALSE(credential->one_repository);
}

}  // namespace
}  // namespace gantry::testing
