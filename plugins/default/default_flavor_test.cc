// The default flavor, and with it what the SDK does for every plain registry.
#include <gmock/gmock.h>

#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DefaultFlavor : public ::testing::Test {
 protected:
  void Open(const std::string& config = ConfigJson("registry.example.com/team", false)) {
    ASSERT_TRUE(flavor_.Open(config).ok());
  }
  void Answer(int status, sdk::Headers headers = {}, std::string body = "") {
    host_.on_registry = [=](const sdk::HttpRequest&) {
      return sdk::HttpResponse{status, headers, body};
    };
  }
  void TearDown() override { EXPECT_THAT(host_.faults(), IsEmpty()); }

  FakeHost host_;
  FlavorDriver flavor_{*gantry_flavor_v1(), host_};
  const sdk::Target target_{"registry.example.com", "team/app", "v1", ""};
  std::optional<sdk::Credential> credential_;
  sdk::Page page_;
};

TEST_F(DefaultFlavor, WithoutAConnectorItLeavesTheLoginToTheHost) {
  Open();
  ASSERT_TRUE(flavor_.Authenticate(target_, GANTRY_PULL, &credential_).ok());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_NONE);
  EXPECT_EQ(credential_->registry_host, "registry.example.com");
}

TEST_F(DefaultFlavor, LogsInWithUserNameAndPassword) {
  host_.secrets["password"] = "s3cret";
  Open(ConfigJson("registry.example.com", true));
  ASSERT_TRUE(flavor_.Authenticate(target_, GANTRY_PUSH, &credential_).ok());
  EXPECT_EQ(credential_->scheme, GANTRY_AUTH_BASIC);
  EXPECT_EQ(credential_->username, "gordon");
  EXPECT_EQ(credential_->secret.Reveal(), "s3cret");
  EXPECT_FALSE(credential_->read_only) << "a password opens whatever its account may";
  EXPECT_FALSE(credential_->one_repository);
}

TEST_F(DefaultFlavor, ACredentialMadeForAnotherRegistryIsNotGivenAway) {
  host_.secrets["password"] = "s3cret";
  Open(ConfigJson("registry.example.com", true, "ghcr.io"));
  const Outcome outcome = flavor_.Authenticate(target_, GANTRY_PULL, &credential_);
  EXPECT_EQ(outcome.code, GANTRY_FAILED_PRECONDITION);
  EXPECT_EQ(outcome.reason(), "CONNECTOR_MISMATCH");
  EXPECT_THAT(outcome.message(), HasSubstr("ghcr.io"));
  EXPECT_FALSE(credential_.has_value());
  EXPECT_EQ(host_.secret_calls, 0);

  std::vector<sdk::Finding> findings;
  ASSERT_TRUE(
      flavor_.ValidateConfig(ConfigJson("registry.example.com", true, "ghcr.io"), &findings).ok());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level, GANTRY_ERROR);
  EXPECT_TRUE(
      flavor_
          .ValidateConfig(ConfigJson("registry.example.com", true, "https://Registry.Example.com/"),
                          &findings)
          .ok());
  EXPECT_THAT(findings, IsEmpty());
}

TEST_F(DefaultFlavor, SaysWhatTheConnectorLacks) {
  Open(ConfigJson("registry.example.com", true));
  const Outcome outcome = flavor_.Authenticate(target_, GANTRY_PULL, &credential_);
  EXPECT_EQ(outcome.reason(), "CONNECTOR_MISMATCH");
  EXPECT_THAT(outcome.message(), HasSubstr("password"));
}

TEST_F(DefaultFlavor, PlansAPushAsItWasAskedFor) {
  Open();
  std::optional<sdk::Plan> plan;
  ASSERT_TRUE(flavor_.PreparePush(target_, &plan).ok());
  EXPECT_EQ(plan->target.repository, "team/app");
  EXPECT_EQ(plan->target.tag, "v1");
  EXPECT_EQ(plan->upload, GANTRY_UPLOAD_STREAM);
  EXPECT_THAT(plan->mount_from, IsEmpty());
  std::optional<sdk::Image> image;
  ASSERT_TRUE(flavor_.Push(*plan, &image).ok());
  EXPECT_EQ(image->digest, FakeHost::kDigest);
  EXPECT_EQ(host_.push_calls, 1);
}

TEST_F(DefaultFlavor, ListsTagsPageByPage) {
  Open();
  Answer(200, {{"Link", "</v2/team/app/tags/list?n=2&last=b>; rel=\"next\""}},
         R"({"name": "team/app", "tags": ["a", "b"]})");
  ASSERT_TRUE(flavor_.List(target_, "", 2, &page_).ok());
  ASSERT_EQ(page_.images.size(), 2u);
  EXPECT_EQ(page_.images[0].uri, "registry.example.com/team/app:a");
  EXPECT_THAT(page_.images[0].tags, ElementsAre("a"));
  EXPECT_EQ(page_.next_page_token, "n=2&last=b");

  Answer(200, {}, R"({"name": "team/app", "tags": null})");
  ASSERT_TRUE(flavor_.List(target_, page_.next_page_token, 2, &page_).ok());
  EXPECT_THAT(page_.images, IsEmpty());
  EXPECT_EQ(page_.next_page_token, "");
  EXPECT_THAT(host_.requests(), ElementsAre("GET /v2/team/app/tags/list?n=2",
                                            "GET /v2/team/app/tags/list?n=2&last=b"));
}

TEST_F(DefaultFlavor, CutsTheListOfARegistryThatKnowsNoPages) {
  Open();
  Answer(200, {}, R"({"name": "team/app", "tags": ["d", "a", "c", "b", "e"]})");
  std::vector<std::string> seen;
  std::string token;
  for (const uint32_t size : {2u, 1u, 100u}) {
    page_ = {};
    ASSERT_TRUE(flavor_.List(target_, token, size, &page_).ok());
    for (const sdk::Image& image : page_.images) seen.push_back(image.tags[0]);
    seen.push_back("|");
    token = page_.next_page_token;
  }
  EXPECT_THAT(seen, ElementsAre("a", "b", "|", "c", "|", "d", "e", "|"));
  EXPECT_EQ(token, "");
}

TEST_F(DefaultFlavor, APageTokenLeadsNowhereElse) {
  Open();
  Answer(200, {}, R"({"tags": []})");
  const std::string kTokens[] = {"x y", "x\r\nHost: evil", "a#b", std::string(5000, 'x')};
  for (const std::string& token : kTokens) {
    EXPECT_EQ(flavor_.List(target_, token, 2, &page_).code, GANTRY_INVALID_ARGUMENT) << token;
  }
  EXPECT_THAT(host_.requests(), IsEmpty());
  ASSERT_TRUE(flavor_.List(target_, "/../../other", 2, &page_).ok());
  EXPECT_THAT(host_.requests(), ElementsAre("GET /v2/team/app/tags/list?/../../other"));
}

TEST_F(DefaultFlavor, AsksForPagesThatRegistriesGrant) {
  Open();
  Answer(200, {}, R"({"tags": []})");
  ASSERT_TRUE(flavor_.List(target_, "", 0, &page_).ok());
  ASSERT_TRUE(flavor_.List(target_, "", 5000, &page_).ok());
  EXPECT_THAT(host_.requests(),
              ElementsAre("GET /v2/team/app/tags/list?n=100", "GET /v2/team/app/tags/list?n=1000"));
}

TEST_F(DefaultFlavor, RefusalsCarryTheRegistrysWords) {
  Open();
  struct {
    int status;
    gantry_code code;
    const char* reason;
  } const kCases[] = {{401, GANTRY_FAILED_PRECONDITION, "UPSTREAM_AUTH_REJECTED"},
                      {403, GANTRY_PERMISSION_DENIED, "UPSTREAM_DENIED"},
                      {404, GANTRY_NOT_FOUND, "REPOSITORY_NOT_FOUND"},
                      {418, GANTRY_FAILED_PRECONDITION, "UPSTREAM_REJECTED"},
                      {429, GANTRY_UNAVAILABLE, "UPSTREAM_THROTTLED"},
                      {502, GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"}};
  for (const auto& expected : kCases) {
    Answer(expected.status, {{"Retry-After", "7"}},
           R"({"errors": [{"code": "SAID", "message": "the registry's words"}]})");
    const Outcome outcome = flavor_.List(target_, "", 2, &page_);
    EXPECT_EQ(outcome.code, expected.code);
    EXPECT_EQ(outcome.reason(), expected.reason);
    EXPECT_THAT(outcome.message(), HasSubstr("SAID: the registry's words"));
    EXPECT_EQ(outcome.failures.at(0).retry_after_ms, 7000);
  }
  Answer(200, {}, "<html>Please log in</html>");
  EXPECT_EQ(flavor_.List(target_, "", 2, &page_).reason(), "UPSTREAM_PROTOCOL");
}

TEST_F(DefaultFlavor, DeletesByTheDigestThatTheTagHas) {
  Open();
  host_.on_registry = [](const sdk::HttpRequest& request) {
    return sdk::HttpResponse{
        request.method == "HEAD" ? 200 : 202, {{"docker-content-digest", FakeHost::kDigest}}, ""};
  };
  ASSERT_TRUE(flavor_.Remove(target_).ok());
  EXPECT_THAT(host_.requests(),
              ElementsAre("HEAD /v2/team/app/manifests/v1",
                          std::string("DELETE /v2/team/app/manifests/") + FakeHost::kDigest));
}

TEST_F(DefaultFlavor, SaysWhyItCannotDelete) {
  Open();
  sdk::Target by_digest = target_;
  by_digest.digest = FakeHost::kDigest;
  Answer(405, {}, R"({"errors": [{"code": "UNSUPPORTED"}]})");
  const Outcome unsupported = flavor_.Remove(by_digest);
  EXPECT_EQ(unsupported.code, GANTRY_FAILED_PRECONDITION);
  EXPECT_THAT(unsupported.remedy(), HasSubstr("storage.delete.enabled"));
  Answer(404);
  EXPECT_EQ(flavor_.Remove(by_digest).reason(), "IMAGE_NOT_FOUND");
  EXPECT_EQ(flavor_.Remove(target_).reason(), "IMAGE_NOT_FOUND");
  Answer(200);
  EXPECT_EQ(flavor_.Remove(target_).reason(), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(flavor_.Remove({"registry.example.com", "team/app", "", ""}).code,
            GANTRY_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace gantry::testing
