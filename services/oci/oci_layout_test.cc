#include "oci/oci_layout.h"

#include "oci/directory_files.h"
#include "oci/source_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kRefName[] = "org.opencontainers.image.ref.name";

struct OciLayoutTest : SourceTest {
  OciLayoutSource Open(const std::string& selector = "") {
    layout.WriteTo(dir / "layout");
    return OciLayoutSource(OpenDirectory(dir / "layout"), selector);
  }
  absl::StatusOr<Digest> Root(const std::string& selector) {
    const auto image = Open(selector).Load(call);
    if (!image.ok()) return image.status();
    return image->manifests.back().descriptor->digest;
  }
  void ExpectInvalid(const std::string& message,
                     std::string_view reason = reason::kSourceInvalid) {
    ExpectFails(Open().Load(call).status(), StatusCode::kInvalidArgument, reason, message);
  }
  // A blob whose name and descriptor say one thing and whose content another.
  void Corrupt(const Descriptor& d, const std::string& bytes) {
    layout.Put(LayoutFake::BlobName(d.digest), bytes);
  }

  LayoutFake layout;
};

TEST_F(OciLayoutTest, ADirectoryAndATarAreTheSame) {
  const Descriptor root = layout.AddImage({"one", "two"});
  layout.Root({root});
  auto source = Open();
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_EQ(image->manifests.size(), 1u);
  EXPECT_EQ(image->manifests[0].descriptor->digest, root.digest);
  EXPECT_EQ(image->manifests[0].bytes, layout.Read(LayoutFake::BlobName(root.digest)));
  EXPECT_EQ(image->manifests[0].blobs.size(), 3u);
  EXPECT_THAT(image->platforms, ElementsAre("linux/amd64"));
  ExpectWhole(source, *image);
  for (const std::string& bytes : {layout.Tar(), Gzip(layout.Tar())}) {
    OciLayoutSource archive(OpenTarFile(Write("image", bytes)), "");
    const auto same = archive.Load(call);
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(same->manifests[0].descriptor->digest, root.digest);
    ExpectWhole(archive, *same);
    const auto& blobs = same->manifests[0].blobs;
    EXPECT_LT(archive.ReadRank(blobs[1]), archive.ReadRank(blobs[2])) << "as they stand in the tar";
  }
}

TEST_F(OciLayoutTest, OneOfSeveralImagesIsNamed) {
  const Descriptor a = layout.AddImage({"a"}), b = layout.AddImage({"b"});
  layout.Root({Named(a, kRefName, "one"), DockerNamed(b, "docker.io/library/app:2"),
               DockerNamed(a, "docker.io/library/app:latest")});
  EXPECT_EQ(*Root("one"), a.digest);
  EXPECT_EQ(*Root("@0"), a.digest);
  EXPECT_EQ(*Root("@1"), b.digest);
  EXPECT_EQ(*Root("app:2"), b.digest);
  EXPECT_EQ(*Root("docker.io/library/app:2"), b.digest);
  EXPECT_EQ(*Root("app"), a.digest) << "latest";
  EXPECT_EQ(*Root(b.digest.text()), b.digest);
  ExpectFails(Root("").status(), StatusCode::kInvalidArgument, reason::kSourceAmbiguous,
              "one, docker.io/library/app:2");
  for (const char* none : {"three", "@3", "@", "@x", "@99999999999", "app:3"}) {
    ExpectFails(Root(none).status(), StatusCode::kNotFound, reason::kSourceNotFound, none);
  }
}

TEST_F(OciLayoutTest, OneImageUnderTwoNamesIsNotAmbiguous) {
  const Descriptor image = layout.AddImage({"a"});
  layout.Root({Named(image, kRefName, "one"), Named(image, kRefName, "two")});
  EXPECT_EQ(*Root(""), image.digest);
}

TEST_F(OciLayoutTest, AnIndexComesWithAllItHolds) {
  const Descriptor amd = layout.AddImage({"base", "amd"}, "amd64");
  const Descriptor arm = layout.AddImage({"base", "arm"}, "arm64");
  const Descriptor inner = layout.AddIndex({arm});
  const Descriptor outer = layout.AddIndex({amd, inner, amd});
  layout.Root({outer});
  auto source = Open();
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  std::vector<Digest> order;
  for (const auto& manifest : image->manifests) order.push_back(manifest.descriptor->digest);
  EXPECT_THAT(order, ElementsAre(amd.digest, arm.digest, inner.digest, outer.digest));
  EXPECT_THAT(image->platforms, ElementsAre("linux/amd64", "linux/arm64"));
  ExpectWhole(source, *image);
}

TEST_F(OciLayoutTest, APlatformThatWasNotPulledIsLeftOut) {
  const Descriptor amd = layout.AddImage({"amd"}, "amd64"), arm = layout.AddImage({"arm"}, "arm64");
  Descriptor attestation = layout.AddImage({"attests amd"});
  attestation.platform = Platform{"unknown", "unknown", ""};
  attestation = Named(attestation, "vnd.docker.reference.type", "attestation-manifest");
  layout.Root({layout.AddIndex({amd, arm, attestation})});
  layout.Remove(LayoutFake::BlobName(arm.digest));
  const auto image = Open().Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_EQ(image->manifests.size(), 1u);
  EXPECT_EQ(image->manifests[0].descriptor->digest, amd.digest);
  ASSERT_EQ(image->notices.size(), 1u);
  EXPECT_THAT(image->notices[0], HasSubstr("linux/arm64"));
}

TEST_F(OciLayoutTest, TwoPlatformsOfThreeAreNoImage) {
  std::vector<Descriptor> children;
  for (const char* name : {"amd64", "arm64", "riscv64"}) children.push_back(layout.AddImage({name}, name));
  layout.Root({layout.AddIndex(children)});
  layout.Remove(LayoutFake::BlobName(children[1].digest));
  ExpectInvalid("not there: linux/arm64");
}

TEST_F(OciLayoutTest, ForeignLayersStayWhereTheyAre) {
  const Descriptor config = layout.AddBlob(media_type::kOciConfig, ConfigFake({}));
  Json manifest = Json::parse(WriteManifest(config, {}));
  const std::string digest = Digest::Of("far away").text();
  manifest["layers"] = {{{"mediaType", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"},
                         {"digest", digest}, {"size", 8}, {"urls", {"https://example.com/layer"}}}};
  layout.Root({layout.AddBlob(media_type::kOciManifest, manifest.dump())});
  const auto image = Open().Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_THAT(image->manifests[0].blobs[1].urls, ElementsAre("https://example.com/layer"));
}

TEST_F(OciLayoutTest, ManifestsKeepEveryByteOfTheirs) {
  const Descriptor config = layout.AddBlob(media_type::kOciConfig, ConfigFake({}));
  Json manifest = Json::parse(WriteManifest(config, {}));
  manifest["config"]["data"] = "e30=";
  manifest["unknown"] = {{"field", 1}};
  const std::string bytes = "  " + manifest.dump(3) + "\n";
  layout.Root({layout.AddBlob(media_type::kOciManifest, bytes)});
  const auto image = Open().Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->manifests[0].bytes, bytes);
}

TEST_F(OciLayoutTest, WhatIsNoLayoutIsRefused) {
  ExpectInvalid("no file index.json");
  layout.Root({});
  ExpectInvalid("holds no image");
  layout.Put("index.json", "[]");
  ExpectInvalid("not a JSON object");
  layout.Put("index.json", "{");
  ExpectInvalid("not well-formed");
  layout.Put("index.json", std::string((4 << 20) + 1, ' '));
  ExpectInvalid("the limit is 4194304");
  layout.Put("index.json", R"({"manifests":)" + std::string(100'000, '[') + "}");
  ExpectInvalid("nested deeper than 64");
  layout.Remove("oci-layout");
  std::filesystem::remove_all(dir / "layout");
  ExpectInvalid("not an OCI layout");
}

TEST_F(OciLayoutTest, WhatIsMissingIsNamed) {
  const Descriptor image = layout.AddImage({"one"});
  const Manifest manifest =
      *Manifest::Parse(layout.Read(LayoutFake::BlobName(image.digest)), image.media_type);
  layout.Root({image});
  for (const Digest& digest :
       {manifest.layers[0].digest, manifest.config->digest, image.digest}) {
    layout.Remove(LayoutFake::BlobName(digest));
    std::filesystem::remove_all(dir / "layout");
    ExpectInvalid("no file " + LayoutFake::BlobName(digest));
  }
}

TEST_F(OciLayoutTest, WhatLiesIsFoundOut) {
  const Descriptor image = layout.AddImage({"one"});
  const LayoutFake right = layout.Root({image});
  const Manifest manifest = *Manifest::Parse(layout.Read(LayoutFake::BlobName(image.digest)), "");
  Corrupt(*manifest.config, ConfigFake({"other"}));
  ExpectInvalid("is not what its name says", reason::kDigestMismatch);
  layout = right;
  Corrupt(image, layout.Read(LayoutFake::BlobName(image.digest)) + " ");
  ExpectInvalid("is not what its name says", reason::kDigestMismatch);
  layout = right;
  Corrupt(manifest.layers[0], "short");
  ExpectInvalid("has 5 bytes instead of", reason::kDigestMismatch);
  layout = right;
  Descriptor longer = image;
  ++longer.size;
  layout.Root({longer});
  ExpectInvalid("is not what its name says", reason::kDigestMismatch);
}

TEST_F(OciLayoutTest, AnIndexThatNamesItselfIsFoundOut) {
  Descriptor self = layout.AddIndex({});
  const std::string bytes = LayoutFake::IndexOf({self});
  Corrupt(self, bytes);
  self.size = static_cast<int64_t>(bytes.size());
  layout.Root({self});
  ExpectInvalid("is not what its name says", reason::kDigestMismatch);
}

TEST_F(OciLayoutTest, IndexesAreNestedWithinReason) {
  Descriptor root = layout.AddImage({"one"});
  for (int depth = 0; depth < 8; ++depth) root = layout.AddIndex({root});
  layout.Root({root});
  EXPECT_TRUE(Open().Load(call).ok());
  layout.Root({layout.AddIndex({root})});
  ExpectInvalid("nested deeper than 8 levels");
}

TEST_F(OciLayoutTest, ManifestsTogetherHaveALimit) {
  std::vector<Descriptor> many;
  const Descriptor config = layout.AddBlob(media_type::kOciConfig, "{}");
  for (int i = 0; i < 17; ++i) {
    many.push_back(layout.AddBlob(media_type::kOciManifest,
                                  WriteManifest(config, {}) + std::string((4 << 20) - 300 - i, ' ')));
  }
  layout.Root({layout.AddIndex(many)});
  ExpectInvalid("67108864 bytes together");
}

TEST_F(OciLayoutTest, MediaTypesMustFit) {
  Descriptor image = layout.AddImage({"one"});
  image.media_type = media_type::kOciIndex;
  layout.Root({image});
  ExpectInvalid("it says it is");
  image.media_type = "text/plain";
  layout.Root({layout.AddBlob("text/plain", "{}")});
  ExpectInvalid("unknown media type 'text/plain'");
  const Descriptor schema1 = layout.AddBlob("application/vnd.docker.distribution.manifest.v1+prettyjws",
                                            R"({"schemaVersion":1,"fsLayers":[]})");
  layout.Root({schema1});
  ExpectInvalid("Docker schema 1 is not supported");
  EXPECT_THAT(DetailOf(Open().Load(call).status()).remedy, HasSubstr("newer"));
}

TEST_F(OciLayoutTest, LinksInADirectoryAreNotFollowed) {
  const Descriptor image = layout.AddImage({"one"});
  layout.Root({image});
  layout.WriteTo(dir / "layout");
  const auto blob = dir / "layout" / LayoutFake::BlobName(image.digest);
  std::filesystem::rename(blob, dir / "moved");
  std::filesystem::create_symlink(dir / "moved", blob);
  OciLayoutSource source(OpenDirectory(dir / "layout"), "");
  ExpectFails(source.Load(call).status(), StatusCode::kInvalidArgument, reason::kSourceInvalid,
              "symbolic link");
}

}  // namespace
}  // namespace gantry
