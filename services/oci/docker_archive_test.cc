#include "oci/docker_archive.h"

#include "oci/gzip_reader.h"
#include "oci/source_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct DockerArchiveTest : SourceTest {
  DockerArchiveSource Open(const std::string& tar, const std::string& selector = "") {
    return DockerArchiveSource(OpenTarFile(Write("image.tar", tar)), selector);
  }
  void ExpectInvalid(const std::string& tar, const std::string& message) {
    ExpectFails(Open(tar).Load(call).status(), StatusCode::kInvalidArgument, reason::kSourceInvalid,
                message);
  }
  std::string Unpacked(const std::string& gzip) {
    return ReadAll(*GzipDecompress(std::make_unique<StringReader>(gzip)), 64 << 20).value_or("?");
  }

  const std::string one = LayerFake("one"), two = LayerFake("two");
};

TEST_F(DockerArchiveTest, LayersAreCompressedOnTheirWay) {
  const std::string tar = DockerSaveFake().Image({"app:1"}, {one, two}).Tar();
  for (const std::string& bytes : {tar, Gzip(tar)}) {
    auto source = Open(bytes);
    const auto image = source.Load(call);
    ASSERT_TRUE(image.ok()) << image.status();
    ASSERT_EQ(image->manifests.size(), 1u);
    EXPECT_FALSE(image->manifests[0].descriptor) << "it is written when the layers are known";
    const auto& blobs = image->manifests[0].blobs;
    ASSERT_EQ(blobs.size(), 3u);
    EXPECT_EQ(blobs[0].media_type, media_type::kOciConfig);
    EXPECT_EQ(Read(source, blobs[0]), ConfigFake({one, two}));
    EXPECT_EQ(blobs[1].diff_id, Digest::Of(one));
    EXPECT_EQ(blobs[1].media_type, media_type::kOciLayerGzip);
    EXPECT_TRUE(Unpacked(Read(source, blobs[1])) == one);
    EXPECT_TRUE(Unpacked(Read(source, blobs[2])) == two);
    EXPECT_LT(source.ReadRank(blobs[1]), source.ReadRank(blobs[2]));
    EXPECT_GT(source.ReadRank(blobs[0]), source.ReadRank(blobs[2])) << "Docker writes it after them";
    EXPECT_THAT(image->platforms, ElementsAre("linux/amd64"));
    ExpectWhole(source, *image);
    EXPECT_EQ(source.max_parallel_reads(), bytes == tar ? 64 : 1);
  }
}

TEST_F(DockerArchiveTest, ALayerIsTheSameBytesEveryTimeAndFromEveryOffset) {
  std::string content;
  for (int i = 0; content.size() < 3 << 20; ++i) content += fmt::format("{} bottles\n", i % 9973 * 7);
  const std::string layer = LayerFake(content);
  const std::string tar = DockerSaveFake().Image({"app:1"}, {one, layer}).Tar();
  const std::string expected = Gzip(layer);
  for (const std::string& bytes : {tar, Gzip(tar)}) {
    auto source = Open(bytes);
    const auto image = source.Load(call);
    ASSERT_TRUE(image.ok()) << image.status();
    const SourceBlob& blob = image->manifests[0].blobs[2];
    for (const size_t offset : {size_t{0}, size_t{1}, size_t{65'537}, expected.size() - 1,
                                expected.size(), size_t{0}}) {
      EXPECT_TRUE(Read(source, blob, static_cast<int64_t>(offset)) == expected.substr(offset));
    }
  }
}

TEST_F(DockerArchiveTest, OneOfSeveralImagesIsNamed) {
  const std::string tar = DockerSaveFake()
                              .Image({"app:1", "app:latest"}, {one})
                              .Image({"localhost:5000/other:2"}, {two})
                              .Image({}, {one, two})
                              .Tar();
  const auto layers = [&](const std::string& selector) -> std::vector<Digest> {
    const auto image = Open(tar, selector).Load(call);
    std::vector<Digest> ids;
    if (!image.ok()) return ids;
    for (size_t i = 1; i < image->manifests[0].blobs.size(); ++i) {
      ids.push_back(*image->manifests[0].blobs[i].diff_id);
    }
    return ids;
  };
  for (const char* name : {"app:1", "app", "app:latest", "docker.io/library/app:1", "@0"}) {
    EXPECT_THAT(layers(name), ElementsAre(Digest::Of(one))) << name;
  }
  EXPECT_THAT(layers("localhost:5000/other:2"), ElementsAre(Digest::Of(two)));
  EXPECT_THAT(layers("@1"), ElementsAre(Digest::Of(two)));
  EXPECT_THAT(layers("@2"), ElementsAre(Digest::Of(one), Digest::Of(two)));
  ExpectFails(Open(tar).Load(call).status(), StatusCode::kInvalidArgument,
              reason::kSourceAmbiguous, "app:1, localhost:5000/other:2, @2");
  for (const char* none : {"app:2", "@3", "@"}) {
    ExpectFails(Open(tar, none).Load(call).status(), StatusCode::kNotFound,
                reason::kSourceNotFound, none);
  }
}

TEST_F(DockerArchiveTest, ALayerThatComesTwiceIsALink) {
  const std::string linked = DockerSaveFake().Image({"app:1"}, {one, two, one}).Tar();
  const std::string hard =
      DockerSaveFake{.tar = TarWriter().File("a/layer.tar", one).HardLink("b/layer.tar",
                                                                         "a/layer.tar")}
          .Image({"app:1"}, ConfigFake({one, one}), {"a/layer.tar", "b/layer.tar"})
          .Tar();
  for (const std::string& tar : {linked, hard}) {
    auto source = Open(tar);
    const auto image = source.Load(call);
    ASSERT_TRUE(image.ok()) << image.status();
    const auto& blobs = image->manifests[0].blobs;
    EXPECT_EQ(blobs.front().size, static_cast<int64_t>(Read(source, blobs.front()).size()));
    EXPECT_EQ(blobs.back().diff_id, Digest::Of(one));
    EXPECT_TRUE(Unpacked(Read(source, blobs.back())) == one);
  }
}

TEST_F(DockerArchiveTest, WhatTheContainerdStoreWritesIsReadAsALayout) {
  LayoutFake layout;
  const Descriptor a = layout.AddImage({"a"}), b = layout.AddImage({"b"});
  layout.Root({DockerNamed(a, "docker.io/library/app:1"), DockerNamed(a, "docker.io/library/app:2"),
               DockerNamed(b, "docker.io/library/app:3")});
  layout.Put("manifest.json", R"([{"Config":"x","RepoTags":["app:1","app:2"],"Layers":[]},)"
                              R"({"Config":"y","RepoTags":["app:3"],"Layers":[]}])");
  for (const auto& [selector, digest] :
       std::map<std::string, Digest>{{"app:1", a.digest}, {"app:2", a.digest}, {"@0", a.digest},
                                     {"app:3", b.digest}, {"@1", b.digest}}) {
    auto source = Open(layout.Tar(), selector);
    const auto image = source.Load(call);
    ASSERT_TRUE(image.ok()) << selector << ": " << image.status();
    EXPECT_EQ(image->manifests[0].descriptor->digest, digest) << selector;
    ExpectWhole(source, *image);
  }
  ExpectFails(Open(layout.Tar(), "@2").Load(call).status(), StatusCode::kNotFound,
              reason::kSourceNotFound, "@2");
  layout.Root({DockerNamed(a, "docker.io/library/app:1"), DockerNamed(a, "docker.io/library/app:2")});
  EXPECT_TRUE(Open(Gzip(layout.Tar())).Load(call).ok()) << "one image of two names";
}

TEST_F(DockerArchiveTest, CompressedLayersAreKeptAndChecked) {
  const auto archive = [&](const std::string& layer) {
    return DockerSaveFake{.tar = TarWriter().File("l", layer)}
        .Image({"app:1"}, ConfigFake({one}), {"l"})
        .Tar();
  };
  auto source = Open(archive(Gzip(one)));
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_TRUE(Read(source, image->manifests[0].blobs[1]) == Gzip(one));
  ExpectWhole(source, *image);
  for (const auto& [layer, reason] : std::map<std::string, std::string_view>{
           {Gzip(two), reason::kDigestMismatch},
           {two, reason::kDigestMismatch},
           {Gzip(one).substr(0, 60), reason::kSourceInvalid}}) {
    auto lying = Open(archive(layer));
    const auto loaded = lying.Load(call);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(Read(lying, loaded->manifests[0].blobs[1]), reason);
  }
  ExpectInvalid(archive("\x28\xb5\x2f\xfd 1234"), "compressed by zstd");
  ExpectInvalid(archive("\xfd" "7zXZ 1234"), "compressed by xz");
}

TEST_F(DockerArchiveTest, WhatIsNoImageIsRefused) {
  const auto with = [&](const std::string& manifest, const std::string& config = "{}") {
    return TarWriter().File("c", config).File("l", one).File("manifest.json", manifest).Finish();
  };
  const std::string right = R"([{"Config":"c","Layers":["l"]}])";
  ExpectInvalid(TarWriter().File("repositories", "{}").Finish(), "no manifest.json");
  ExpectInvalid(std::string(1024, '\0'), "no manifest.json");
  ExpectInvalid(with("{}"), "not a list");
  ExpectInvalid(with("[]"), "holds no image");
  ExpectInvalid(with("[{}]"), "no Config");
  ExpectInvalid(with("[1]"), "no Config");
  ExpectInvalid(with(std::string(100'000, '[')), "nested deeper than 64");
  ExpectInvalid(with(std::string((4 << 20) + 1, ' ')), "the limit is 4194304");
  ExpectInvalid(with(R"([{"Config":"x","Layers":[]}])"), "no file x");
  ExpectInvalid(with(R"([{"Config":"../../etc/passwd","Layers":[]}])"), "no file ../../etc/passwd");
  ExpectInvalid(with(right), "1 layers, its config names 0");
  ExpectInvalid(with(right, "[]"), "not a JSON object");
  ExpectInvalid(with(right, R"({"rootfs":{"diff_ids":[1]}})"), "a diff_id is not a string");
  ExpectInvalid(with(right, R"({"rootfs":{"diff_ids":["sha256:1"]}})"), "config is not valid");
  ExpectInvalid(with(R"([{"Config":"c","Layers":["m"]}])", ConfigFake({one})), "no file m");
  ExpectInvalid(DockerSaveFake{.tar = TarWriter().Symlink("l", "../../../etc/passwd")}
                    .Image({}, ConfigFake({one}), {"l"}).Tar(), "no file l");
  ExpectInvalid(DockerSaveFake{.tar = TarWriter().Symlink("l", "m").Symlink("m", "l")}
                    .Image({}, ConfigFake({one}), {"l"}).Tar(), "no file l");
}

TEST_F(DockerArchiveTest, TheLastOfTwoFilesOfOneNameCountsAndIsChecked) {
  DockerSaveFake save{.tar = TarWriter().File("l", one).File("l", two)};
  auto source = Open(save.Image({}, ConfigFake({one}), {"l"}).Tar());
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(Read(source, image->manifests[0].blobs[1]), reason::kDigestMismatch);
}

TEST_F(DockerArchiveTest, AFileThatChangesWhileItIsReadIsFoundOut) {
  auto source = Open(DockerSaveFake().Image({"app:1"}, {one}).Tar());
  const auto image = source.Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  Write("image.tar", DockerSaveFake().Image({"app:1"}, {two}).Tar());
  EXPECT_EQ(Read(source, image->manifests[0].blobs[1]), reason::kDigestMismatch);
  std::filesystem::resize_file(dir / "image.tar", 700);
  EXPECT_EQ(Read(source, image->manifests[0].blobs[1]), reason::kDigestMismatch);
}

}  // namespace
}  // namespace gantry
