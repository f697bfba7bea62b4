#include "oci/registry_source.h"

#include "net/host_gate.h"
#include "oci/fake_http.h"
#include "oci/source_test_world.h"
#include "tests/fakes/in_process_registry.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct RegistrySourceTest : SourceTest {
  RegistrySource Open(const std::string& name = "team/app:1") {
    auto client = std::make_shared<RegistryClient>(http, "localhost:5000", PlainHttp(),
                                                   std::make_shared<AnonymousCredentials>(),
                                                   std::make_shared<HostGate>());
    return RegistrySource(std::move(client), *Reference::Parse("localhost:5000/" + name));
  }
  // Puts all that the layout holds into the registry.
  void Store(const std::vector<Descriptor>& manifests, const std::string& tag = "1") {
    for (const Descriptor& d : manifests) {
      const std::string& bytes = layout.Read(LayoutFake::BlobName(d.digest));
      server.manifests["team/app@" + d.digest.text()] = {d.media_type, bytes};
      server.manifests["team/app:" + tag] = {d.media_type, bytes};
      const auto parsed = Manifest::Parse(bytes, d.media_type);
      if (!parsed.ok() || parsed->is_index) continue;
      Keep(*parsed->config);
      for (const Descriptor& layer : parsed->layers) Keep(layer);
    }
  }
  void Keep(const Descriptor& blob) {
    server.blobs["team/app"][blob.digest.text()] = layout.Read(LayoutFake::BlobName(blob.digest));
  }

  LayoutFake layout;
  InProcessRegistry server{"localhost:5000"};
  FakeHttp http{[this](const SeenRequest& request) { return server.Serve(request); }};
};

TEST_F(RegistrySourceTest, AnImageIsReadByItsTagAndItsDigest) {
  const Descriptor root = layout.AddImage({"one", "two"});
  Store({root});
  for (const std::string& name : {std::string("team/app:1"), "team/app@" + root.digest.text()}) {
    RegistrySource source = Open(name);
    const auto image = source.Load(call);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->manifests[0].descriptor->digest, root.digest);
    EXPECT_EQ(image->manifests[0].bytes, layout.Read(LayoutFake::BlobName(root.digest)));
    EXPECT_EQ(image->manifests[0].blobs.size(), 3u);
    ExpectWhole(source, *image);
  }
}

TEST_F(RegistrySourceTest, ItTellsWhereItsBlobsCanBeMountedFrom) {
  const auto origin = Open().origin();
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->host, "localhost:5000");
  EXPECT_EQ(origin->repository, "team/app");
}

TEST_F(RegistrySourceTest, AnIndexComesWithAllItsPlatforms) {
  const Descriptor amd = layout.AddImage({"base", "amd"}, "amd64");
  const Descriptor arm = layout.AddImage({"base", "arm"}, "arm64");
  const Descriptor root = layout.AddIndex({amd, arm});
  Store({amd, arm, root});
  RegistrySource source = Open();
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_EQ(image->manifests.size(), 3u);
  EXPECT_EQ(image->manifests[2].descriptor->digest, root.digest) << "the root is last";
  EXPECT_THAT(image->platforms, ElementsAre("linux/amd64", "linux/arm64"));
  ExpectWhole(source, *image);
}

TEST_F(RegistrySourceTest, AManifestNamedTenThousandTimesIsAskedForOnce) {
  const Descriptor child = layout.AddImage({"one"});
  const Descriptor root = layout.AddIndex(std::vector<Descriptor>(10'000, child));
  Store({child, root});
  const auto image = Open().Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->manifests.size(), 2u);
  EXPECT_EQ(http.seen().size(), 2u);
}

TEST_F(RegistrySourceTest, IndexesHaveLimits) {
  std::vector<Descriptor> stored{layout.AddImage({"one"})};
  for (int depth = 0; depth < 9; ++depth) stored.push_back(layout.AddIndex({stored.back()}));
  Store(stored);
  ExpectFails(Open().Load(call).status(), StatusCode::kInvalidArgument, reason::kSourceInvalid,
              "nested deeper than 8");
  std::vector<Descriptor> many;
  const Descriptor config = layout.AddBlob(media_type::kOciConfig, "{}");
  for (size_t i = 0; i < 18; ++i) {
    many.push_back(layout.AddBlob(media_type::kOciManifest,
                                  WriteManifest(config, {}) + std::string((4 << 20) - 300 - i, ' ')));
  }
  many.push_back(layout.AddIndex(many));
  Store(many);
  ExpectFails(Open().Load(call).status(), StatusCode::kInvalidArgument, reason::kSourceInvalid,
              "67108864 bytes");
}

TEST_F(RegistrySourceTest, WhatIsNotThereIsNotFound) {
  ExpectFails(Open().Load(call).status(), StatusCode::kNotFound, reason::kSourceNotFound,
              "localhost:5000/team/app:1");
  const Descriptor child = layout.AddImage({"one"});
  Store({layout.AddIndex({child})});
  ExpectFails(Open().Load(call).status(), StatusCode::kNotFound, reason::kSourceNotFound,
              "localhost:5000/team/app:1");
}

TEST_F(RegistrySourceTest, ARegistryThatLiesIsFoundOut) {
  const Descriptor child = layout.AddImage({"one"});
  Store({child, layout.AddIndex({child})});
  server.manifests["team/app@" + child.digest.text()].second += " ";
  const absl::Status status = Open().Load(call).status();
  EXPECT_EQ(ReasonOf(status), reason::kIntegrity) << status;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("source localhost:5000/team/app:1"));
}

TEST_F(RegistrySourceTest, AConfigThatIsAnotherIsFoundOut) {
  const Descriptor root = layout.AddImage({"one"});
  Store({root});
  const Manifest manifest = *Manifest::Parse(layout.Read(LayoutFake::BlobName(root.digest)), "");
  server.blobs["team/app"][manifest.config->digest.text()] = ConfigFake({"other"}, "s390x");
  const absl::Status status = Open().Load(call).status();
  EXPECT_EQ(ReasonOf(status), reason::kIntegrity) << status;
}

TEST_F(RegistrySourceTest, Schema1IsRefusedInClearWords) {
  server.manifests["team/app:1"] = {"application/vnd.docker.distribution.manifest.v1+prettyjws",
                                    R"({"schemaVersion":1,"fsLayers":[]})"};
  ExpectFails(Open().Load(call).status(), StatusCode::kInvalidArgument, reason::kSourceInvalid,
              "Docker schema 1 is not supported");
}

TEST_F(RegistrySourceTest, ABlobThatIsMissingShowsWhenItIsRead) {
  const Descriptor root = layout.AddImage({"one"});
  Store({root});
  RegistrySource source = Open();
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  server.blobs.clear();
  const auto reader = source.OpenBlob(call, image->manifests[0].blobs[1], 0);
  ASSERT_TRUE(reader.ok());
  const absl::Status status = ReadAll(**reader, 1 << 20).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("source localhost:5000/team/app:1"));
}

}  // namespace
}  // namespace gantry
