#include "gantryd/images/image_manager.h"

#include "gantryd/images/caller_image_fake.h"
#include "gantryd/registries/manager_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct ImageTest : ::testing::Test {
  ImageTest() { w.Register("r", w.host + "/team"); }

  PushSpec Spec(const Descriptor& root) {
    PushSpec spec;
    spec.registry = "r";
    spec.pipeline = "My Pipeline";
    spec.version = "v1";
    spec.source = caller.Root(root);
    return spec;
  }
  absl::StatusOr<ImageView> Push(const PushSpec& spec) {
    return images.Push(w.call, spec, progress);
  }
  FlavorBehaviour& flavor() { return w.catalog.flavor("default").behaviour; }

  TestWorld w;
  CallerImageFake caller;
  NullProgress progress;
  MemoryLayerCache layers;
  PushEngine engine{layers};
  ImageManager images{w.pool, engine, w.http, {}};
};

TEST_F(ImageTest, APushAnswersWithWhatToPull) {
  const Descriptor root = caller.AddImage({"one", "two"});
  const auto view = Push(Spec(root));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->registry, "r");
  EXPECT_EQ(view->uri, "localhost:5000/team/my-pipeline:v1");
  EXPECT_EQ(view->digest_uri, "localhost:5000/team/my-pipeline@" + root.digest.text());
  EXPECT_EQ(view->digest, root.digest.text());
  EXPECT_EQ(view->media_type, media_type::kOciManifest);
  EXPECT_EQ(view->repository, "team/my-pipeline");
  EXPECT_THAT(view->tags, ElementsAre("v1"));
  EXPECT_THAT(view->platforms, ElementsAre("linux/amd64"));
  EXPECT_GT(view->size_bytes, 6);
  EXPECT_EQ(view->pushed, w.clock.Now());
  EXPECT_EQ(w.server.manifests.at("team/my-pipeline:v1").second, caller.blobs[root.digest.text()]);
  EXPECT_THAT(w.server.open_uploads, IsEmpty());
}

TEST_F(ImageTest, WithoutTagsTheDigestIsAllThereIs) {
  PushSpec spec = Spec(caller.AddImage({"one"}));
  spec.pipeline = spec.version = "";
  spec.repository = "app";
  const auto view = Push(spec);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->uri, view->digest_uri);
  EXPECT_THAT(view->tags, IsEmpty());
}

TEST_F(ImageTest, NothingIsSentForARequestThatIsWrong) {
  PushSpec spec = Spec(caller.AddImage({"one"}));
  spec.registry = "";
  EXPECT_EQ(Push(spec).status().code(), StatusCode::kInvalidArgument);
  spec.registry = "none";
  EXPECT_THAT(Push(spec).status(), FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
  spec.registry = "r";
  spec.pipeline = "???";
  EXPECT_EQ(Push(spec).status().code(), StatusCode::kInvalidArgument);
  spec.pipeline = spec.version = "";
  spec.repository = "localhost:5000/teammate/app";
  EXPECT_THAT(Push(spec).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidReference));
  EXPECT_EQ(w.http.seen().size(), 0u);
}

TEST_F(ImageTest, ALyingCallerLeavesNothingTagged) {
  const Descriptor root = caller.AddImage({"one", "two"});
  caller.blobs[Digest::Of("two").text()] = "owt";
  EXPECT_THAT(Push(Spec(root)).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kDigestMismatch));
  EXPECT_THAT(w.server.manifests, IsEmpty());
}

TEST_F(ImageTest, TheFlavorMayRewriteNamesBelowItsRegistryOnly) {
  const Descriptor root = caller.AddImage({"one"});
  flavor().prepare = [](const Target& target) {
    FlavorPlan plan;
    plan.target = target;
    plan.target.repository += "-x";
    plan.target.tag += "-y";
    return plan;
  };
  const auto view = Push(Spec(root));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->uri, "localhost:5000/team/my-pipeline-x:v1-y");
  for (const auto& [host, repository] : std::map<std::string, std::string>{
           {"evil.example", "team/app"}, {"localhost:5000", "teammate/app"}}) {
    flavor().prepare = [&host = host, &repository = repository](const Target&) {
      FlavorPlan plan;
      plan.target = {host, repository, "t", ""};
      return plan;
    };
    EXPECT_THAT(Push(Spec(root)).status(),
                FailsWith(StatusCode::kInternal, reason::kFlavorMisbehaved));
  }
  EXPECT_EQ(w.server.manifests.count("teammate/app:t"), 0u);
}

TEST_F(ImageTest, AFlavorThatLiesIsFoundOut) {
  const Descriptor root = caller.AddImage({"one"});
  flavor().push = [&](const CallContext&, const FlavorPlan&,
                      PushJob&) -> absl::StatusOr<FlavorImage> {
    FlavorImage image;
    image.digest = root.digest.text();
    return image;
  };
  EXPECT_THAT(Push(Spec(root)).status(),
              FailsWith(StatusCode::kInternal, reason::kFlavorMisbehaved));
  flavor().push = [](const CallContext& call, const FlavorPlan& plan,
                     PushJob& job) -> absl::StatusOr<FlavorImage> {
    if (const auto pushed = job.Run(call, plan); !pushed.ok()) return pushed.status();
    FlavorImage image;
    image.digest = Digest::Of("another").text();
    return image;
  };
  EXPECT_THAT(Push(Spec(root)).status(),
              FailsWith(StatusCode::kInternal, reason::kFlavorMisbehaved));
}

TEST_F(ImageTest, AFlavorMayPushAgainAfterAFailure) {
  const Descriptor root = caller.AddImage({"one"});
  flavor().push = [&](const CallContext& call, const FlavorPlan& plan,
                      PushJob& job) -> absl::StatusOr<FlavorImage> {
    w.server.push_denied = true;
    const auto first = job.Run(call, plan);
    EXPECT_EQ(ReasonOf(first.status()), reason::kUpstreamDenied);
    w.server.push_denied = false;
    const auto second = job.Run(call, plan);
    if (!second.ok()) return second.status();
    EXPECT_EQ(job.Uri(plan), "localhost:5000/team/my-pipeline:v1");
    FlavorImage image;
    image.digest = second->digest.text();
    return image;
  };
  EXPECT_TRUE(Push(Spec(root)).ok());
}

TEST_F(ImageTest, AnImageOfTheSameHostIsMountedFromWhereItIs) {
  const Descriptor root = caller.AddImage({"one"});
  ASSERT_TRUE(Push(Spec(root)).ok());
  PushSpec copy;
  copy.registry = "r";
  copy.repository = "other";
  copy.source = SourceReference{"localhost:5000/team/my-pipeline:v1"};
  const auto view = Push(copy);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->digest, root.digest.text());
  EXPECT_EQ(w.server.mounted, 2) << "config and layer";
}

TEST_F(ImageTest, ReferencesResolveToDigestsBelowSomeRegistry) {
  const Descriptor root = caller.AddImage({"one"});
  ASSERT_TRUE(Push(Spec(root)).ok());
  const auto by_name = images.Resolve(w.call, "localhost:5000/team/my-pipeline:v1", "", "", "");
  ASSERT_TRUE(by_name.ok()) << by_name.status();
  EXPECT_EQ(by_name->digest_uri, "localhost:5000/team/my-pipeline@" + root.digest.text());
  EXPECT_EQ(by_name->uri, "localhost:5000/team/my-pipeline:v1");
  const auto by_parts = images.Resolve(w.call, "", "r", "my-pipeline", root.digest.text());
  ASSERT_TRUE(by_parts.ok()) << by_parts.status();
  EXPECT_EQ(by_parts->uri, by_name->digest_uri);
  EXPECT_EQ(by_parts->media_type, media_type::kOciManifest);

  EXPECT_THAT(images.Resolve(w.call, "", "r", "my-pipeline", "").status(),
              FailsWith(StatusCode::kNotFound, reason::kImageNotFound))
      << "latest was never pushed";
  EXPECT_THAT(images.Resolve(w.call, "", "r", "nobodys", "").status(),
              FailsWith(StatusCode::kNotFound, reason::kRepositoryNotFound));
  EXPECT_THAT(images.Resolve(w.call, "localhost:5000/teammate/x:1", "", "", "").status(),
              FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
  EXPECT_THAT(images.Resolve(w.call, "a b", "", "", "").status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidReference));
  EXPECT_THAT(images.Resolve(w.call, "", "r", "my-pipeline", "a b").status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidReference));
  EXPECT_EQ(images.Resolve(w.call, "x", "r", "", "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(images.Resolve(w.call, "", "r", "", "").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ImageTest, ListsComeFromTheFlavorPageByPage) {
  const Descriptor root = caller.AddImage({"one"});
  ASSERT_TRUE(Push(Spec(root)).ok());
  flavor().list = [](const Target& target, const std::string& token,
                     int size) -> absl::StatusOr<FlavorInstance::Page> {
    EXPECT_EQ(target.repository, "team/my-pipeline");
    EXPECT_EQ(size, 2);
    FlavorInstance::Page page;
    FlavorImage image;
    image.digest = "garbage";
    image.tags = {token.empty() ? "v1" : "gone"};
    page.images.push_back(image);
    if (token.empty()) page.next_page_token = "/v2/next?x=1";
    return page;
  };
  const auto first = images.List(w.call, "r", "my-pipeline", 2, "", true);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->images[0].uri, "localhost:5000/team/my-pipeline:v1");
  EXPECT_EQ(first->images[0].digest, root.digest.text());
  const auto last = images.List(w.call, "r", "my-pipeline", 2, first->next_page_token, true);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->images[0].digest, "") << "it went between the list and the look";
  EXPECT_EQ(last->next_page_token, "");
  EXPECT_EQ(images.List(w.call, "r", "other", 2, first->next_page_token, false).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(images.List(w.call, "r", "", 2, "", false).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gantry
