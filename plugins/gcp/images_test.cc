#include "plugins/gcp/gcp_test_world.h"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kRepository = std::string(kApiUrl) + "/locations/us/repositories/my-repo";
const std::string kVersions = kRepository + "/packages/team%2Fapp/versions";
const std::string kPath = "/v2/my-project/my-repo/team/app/";
constexpr char kDenied[] =
    R"({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}})";

class GcpImages : public GcpTest {
 protected:
  GcpImages() {
    AnswerToken(kTokenUrl);
    Open("service-account");
    host_.on_registry = [this](const sdk::HttpRequest& request) {
      if (request.method == "HEAD") {
        return sdk::HttpResponse{200, {{"Docker-Content-Digest", digest_}}, ""};
      }
      if (request.method != "GET") return sdk::HttpResponse{202, {}, ""};
      return sdk::HttpResponse{200,
                               {},
                               R"({"tags": ["latest", "v1"], "manifest": {")" + digest_ +
                                   R"(": {"tag": ["latest", "v1"]},
                                                "sha256:00": {"tag": ["other"]}}})"};
    };
  }

  Outcome List(const std::string& page_token = "", uint32_t page_size = 0) {
    page_ = {};
    return flavor_.List(target_, page_token, page_size, &page_);
  }
  std::string LastQuery() const { return sent_.back().url.substr(kVersions.size()); }

  const std::string digest_ = FakeHost::kDigest;
  const sdk::Target target_{"us-docker.pkg.dev", "my-project/my-repo/team/app", "", ""};
  sdk::Page page_;
};

TEST_F(GcpImages, AreListedByTheApiPageByPage) {
  Answer(kVersions, 200,
         R"({"nextPageToken": "t 2", "versions": [
      {"name": "projects/my-project/locations/us/repositories/my-repo/packages/team%2Fapp/versions/)" +
             digest_ + R"(", "createTime": "2026-11-23T12:00:00.5Z",
       "relatedTags": [{"name": "projects/p/packages/team%2Fapp/tags/v1"},
                       {"name": "projects/p/packages/team%2Fapp/tags/latest"}],
       "metadata": {"imageSizeBytes": "763789", "mediaType": "application/m"}},
      {"name": "projects/p/versions/sha256:00"}]})");
  ASSERT_TRUE(List("", 2).ok());
  EXPECT_EQ(LastQuery(), "?pageSize=2&view=FULL");
  ASSERT_THAT(page_.images, SizeIs(2));
  const sdk::Image& image = page_.images[0];
  EXPECT_EQ(image.uri, "us-docker.pkg.dev/my-project/my-repo/team/app@" + digest_);
  EXPECT_EQ(image.digest, digest_);
  EXPECT_EQ(image.media_type, "application/m");
  EXPECT_EQ(image.size_bytes, 763789);
  EXPECT_EQ(image.pushed_unix_ms, 1'795'435'200'500);
  EXPECT_THAT(image.tags, ElementsAre("v1", "latest"));
  EXPECT_EQ(page_.images[1].digest, "sha256:00");
  EXPECT_THAT(page_.images[1].tags, IsEmpty());

  const std::string next = page_.next_page_token;
  Answer(kVersions, 200, "{}");
  ASSERT_TRUE(List(next).ok());
  EXPECT_EQ(LastQuery(), "?pageSize=30&pageToken=t%202&view=FULL") << "it has to fit";
  EXPECT_EQ(page_.next_page_token, "");
  EXPECT_THAT(host_.requests(), IsEmpty());
}

TEST_F(GcpImages, TheRegistryListsThemWhereTheApiDoesNot) {
  const std::string url = kVersions + "?pageSize=30&view=FULL";
  for (const auto& [status, unreachable] : {std::pair{403, false}, {404, false}, {200, true}}) {
    Answer(kVersions, status, kDenied);
    if (unreachable) host_.unreachable = {url};
    ASSERT_TRUE(List().ok()) << status;
    EXPECT_THAT(page_.images, SizeIs(2)) << status;
  }
  EXPECT_THAT(host_.requests(), SizeIs(3));
  host_.unreachable.clear();

  // What may pass is no reason to tell less.
  Answer(kVersions, 429, "{}");
  EXPECT_EQ(List().reason(), "UPSTREAM_THROTTLED");
  // A page belongs to who has given the one before.
  Answer(kVersions, 403, kDenied);
  EXPECT_EQ(List("versions:t").reason(), "UPSTREAM_DENIED");
  EXPECT_THAT(host_.requests(), SizeIs(3));
  sent_.clear();
  ASSERT_TRUE(List("n=1&last=a").ok());
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_EQ(host_.requests().back(), "GET " + kPath + "tags/list?n=1&last=a");
}

TEST_F(GcpImages, TagsAreRemovedBeforeTheirManifest) {
  Answer(kRepository + "/dockerImages/team%2Fapp@" + digest_, 200, R"({"tags": ["v1", "v2"]})");
  sdk::Target target = target_;
  target.tag = "v1";
  ASSERT_TRUE(flavor_.Remove(target).ok());
  EXPECT_THAT(
      host_.requests(),
      ElementsAre("HEAD " + kPath + "manifests/v1", "DELETE " + kPath + "manifests/v1",
                  "DELETE " + kPath + "manifests/v2", "DELETE " + kPath + "manifests/" + digest_));
}

TEST_F(GcpImages, TheRegistryTellsTheTagsWhereTheApiDoesNot) {
  Answer(kRepository + "/dockerImages/", 403, kDenied);
  sdk::Target target = target_;
  target.digest = digest_;
  ASSERT_TRUE(flavor_.Remove(target).ok());
  EXPECT_THAT(
      host_.requests(),
      ElementsAre("GET " + kPath + "tags/list", "DELETE " + kPath + "manifests/latest",
                  "DELETE " + kPath + "manifests/v1", "DELETE " + kPath + "manifests/" + digest_));
  Answer(kRepository + "/dockerImages/", 503, "");
  EXPECT_EQ(flavor_.Remove(target).code, GANTRY_UNAVAILABLE);
  EXPECT_THAT(host_.requests(), SizeIs(4)) << "a tag that is not known keeps its manifest";
}

}  // namespace
}  // namespace gantry::testing
