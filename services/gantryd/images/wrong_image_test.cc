// Images that cannot be read, are cut off, or lie: each push ends with an error that says what to
// do, and the registry has no manifest, no tag and no open upload afterwards.
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "gantryd/images/image_manager.h"
#include "gantryd/registries/manager_test_world.h"
#include "oci/image_fake.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct WrongImageTest : ::testing::Test {
  WrongImageTest() {
    std::string name = ::testing::TempDir() + "wrong.XXXXXX";
    dir = fs::canonical(mkdtemp(name.data()));
    w.Register("r", w.host + "/team");
  }
  ~WrongImageTest() override { fs::remove_all(dir); }

  absl::Status Push(SourceSpec source) {
    ImageManager images(w.pool, engine, w.http, SourcePolicy{{dir.string()}, ""});
    PushSpec spec;
    spec.registry = "r";
    spec.repository = "app";
    spec.tags = {"1", "latest"};
    spec.source = std::move(source);
    return images.Push(w.call, spec, progress).status();
  }
  absl::Status PushDocker(const std::string& tar) { return Push(SourceDockerArchive{Write(tar)}); }
  absl::Status PushArchive(const std::string& tar) { return Push(SourceOciArchive{Write(tar)}); }
  absl::Status PushLayout(const LayoutFake& layout) {
    fs::remove_all(dir / "layout");
    layout.WriteTo(dir / "layout");
    return Push(SourceOciLayout{dir / "layout"});
  }
  std::string Write(const std::string& bytes) {
    std::ofstream(dir / "image.tar", std::ios::binary) << bytes;
    return dir / "image.tar";
  }
  // `start`, and ten GiB of zeros that take no room on the disk.
  std::string WriteWithZeros(const std::string& start) {
    const std::string path = Write(start);
    fs::resize_file(path, start.size() + static_cast<uintmax_t>(kTenGiB) + 1024);
    return path;
  }
  void ExpectNothing(const absl::Status& status, StatusCode code, std::string_view reason,
                     const std::string& message) {
    EXPECT_THAT(status, FailsWith(code, reason));
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(message));
    EXPECT_NE(DetailOf(status).remedy, "") << status;
    EXPECT_THAT(w.server.manifests, IsEmpty());
    EXPECT_THAT(w.server.open_uploads, IsEmpty());
  }
  void ExpectInvalid(const absl::Status& status, const std::string& message) {
    ExpectNothing(status, StatusCode::kInvalidArgument, reason::kSourceInvalid, message);
  }
  void ExpectMismatch(const absl::Status& status, const std::string& message) {
    ExpectNothing(status, StatusCode::kInvalidArgument, reason::kDigestMismatch, message);
  }

  fs::path dir;
  TestWorld w;
  NullProgress progress;
  MemoryLayerCache layers;
  PushEngine engine{layers};
  const std::string one = LayerFake("one"), two = LayerFake("two");
};

TEST_F(WrongImageTest, ARightOneIsTagged) {
  EXPECT_TRUE(PushDocker(DockerSaveFake().Image({"app:1"}, {one, two}).Tar()).ok());
  EXPECT_EQ(w.server.manifests.count("team/app:1"), 1u);
  EXPECT_EQ(w.server.manifests.count("team/app:latest"), 1u);
}

TEST_F(WrongImageTest, WhatCannotBeReadIsSaid) {
  ExpectNothing(Push(SourceOciArchive{dir / "none"}), StatusCode::kNotFound,
                reason::kSourceNotFound, "does not exist");
  ExpectNothing(Push(SourceOciArchive{dir}), StatusCode::kFailedPrecondition,
                reason::kSourceUnreadable, "is a directory");
  ExpectNothing(Push(SourceOciLayout{Write("x")}), StatusCode::kFailedPrecondition,
                reason::kSourceUnreadable, "is not a directory");
  ExpectInvalid(PushDocker(""), "empty");
  ExpectInvalid(PushArchive(std::string(9000, 'x')), "well-formed tar");
  ExpectInvalid(PushDocker("\xfd"
                           "7zXZ"),
                "compressed by xz");
}

TEST_F(WrongImageTest, TruncatedArchivesAreFoundOut) {
  const std::string docker = DockerSaveFake().Image({"app:1"}, {one, two}).Tar();
  LayoutFake layout;
  const std::string oci = layout.Root({layout.AddImage({"one"})}).Tar();
  for (const size_t tenths : {1, 3, 5, 7, 8}) {
    ExpectInvalid(PushDocker(docker.substr(0, docker.size() * tenths / 10 + 1)), "");
    ExpectInvalid(PushArchive(oci.substr(0, oci.size() * tenths / 10 + 1)), "");
    ExpectInvalid(PushDocker(Gzip(docker).substr(0, Gzip(docker).size() * tenths / 10)),
                  "truncated");
  }
}

TEST_F(WrongImageTest, LayersThatLieAreFoundOut) {
  const auto archive = [&](const std::string& layer) {
    return DockerSaveFake{.tar = TarWriter().File("l", layer)}
        .Image({"app:1"}, ConfigFake({one}), {"l"})
        .Tar();
  };
  ExpectMismatch(PushDocker(archive(two)), "the image's config says");
  ExpectMismatch(PushDocker(Gzip(archive(two))), "the image's config says");
  ExpectMismatch(PushDocker(archive(Gzip(two))), "the image's config says");
  ExpectInvalid(PushDocker(archive(Gzip(one).substr(0, 50))), "truncated");
  EXPECT_FALSE(layers.Find(Digest::Of(one), std::string(kGzipRecipe)))
      << "no other push may take a lie for this layer";

  LayoutFake layout;
  const Descriptor image = layout.AddImage({"one"});
  layout.Root({image});
  const Manifest manifest = *Manifest::Parse(layout.Read(LayoutFake::BlobName(image.digest)), "");
  std::string layer = layout.Read(LayoutFake::BlobName(manifest.layers[0].digest));
  layer[20] = static_cast<char>(layer[20] ^ 1);
  layout.Put(LayoutFake::BlobName(manifest.layers[0].digest), layer);
  ExpectMismatch(PushLayout(layout), "the blob's bytes have digest");
  ExpectMismatch(PushArchive(layout.Tar()), "the blob's bytes have digest");
}

TEST_F(WrongImageTest, TenGigabytesOfZerosInASmallArchiveAreFoundOut) {
  DockerSaveFake save;
  save.Image({"app:1"}, ConfigFake({one}), {"l"});
  save.tar.File("manifest.json", save.manifest.dump());
  ExpectInvalid(PushDocker(GzipBomb(save.tar.bytes() + TarHeader("l", '0', kTenGiB))),
                "unpacks to more than 200 times its size");
  // As many as may be are read, and then are not what they should be; in a layer there is no limit.
  const std::string zeros(64 << 20, '\0');
  const auto archive = [&](const std::string& layer) {
    return DockerSaveFake{.tar = TarWriter().File("l", layer)}
        .Image({"app:1"}, ConfigFake({one}), {"l"})
        .Tar();
  };
  ExpectMismatch(PushDocker(Gzip(archive(zeros))), "the image's config says");
  ExpectMismatch(PushDocker(archive(GzipBomb("", 320 << 20))), "the image's config says");
}

TEST_F(WrongImageTest, DocumentsOfTenGigabytesAreRefusedUnread) {
  DockerSaveFake save;
  save.manifest.push_back({{"Config", "c"}, {"Layers", Json::array()}});
  const std::string manifest = TarHeader("manifest.json", '0', kTenGiB);
  const std::string config = TarWriter().File("manifest.json", save.manifest.dump()).bytes() +
                             TarHeader("c", '0', kTenGiB);
  const std::string index =
      TarWriter().File("oci-layout", R"({"imageLayoutVersion":"1.0.0"})").bytes() +
      TarHeader("index.json", '0', kTenGiB);
  for (const std::string& start : {manifest, config, index}) {
    ExpectInvalid(Push(SourceDockerArchive{WriteWithZeros(start)}), "the limit is 4194304");
    ExpectInvalid(PushDocker(GzipBomb(start)), "unpacks to more than");
  }
  ExpectInvalid(Push(SourceOciArchive{WriteWithZeros(index)}), "the limit is 4194304");
}

TEST_F(WrongImageTest, NamesAndLinksThatLeadOutAreNothing) {
  std::ofstream(dir / "secret") << one;
  for (const std::string& name : {std::string("../secret"), (dir / "secret").string()}) {
    ExpectInvalid(PushDocker(DockerSaveFake{.tar = TarWriter().Symlink("l", name)}
                                 .Image({}, ConfigFake({one}), {"l"})
                                 .Tar()),
                  "no file l");
    ExpectInvalid(PushDocker(DockerSaveFake().Image({}, ConfigFake({one}), {name}).Tar()),
                  "no file " + name);
  }
  LayoutFake layout;
  const Descriptor image = layout.AddImage({"one"});
  layout.Root({image}).WriteTo(dir / "layout");
  const fs::path blob = dir / "layout" / LayoutFake::BlobName(image.digest);
  fs::rename(blob, dir / "moved");
  fs::create_symlink(dir / "moved", blob);
  ExpectInvalid(Push(SourceOciLayout{dir / "layout"}), "symbolic link");
}

TEST_F(WrongImageTest, DocumentsThatAreTooMuchAreRefused) {
  LayoutFake layout;
  for (const auto& [index, message] : std::map<std::string, std::string>{
           {std::string(100'000, '['), "nested deeper"},
           {std::string((4 << 20) + 1, ' '), "the limit is"},
           {R"({"schemaVersion":2,"manifests":[],"layers":[]})", "both"},
           {R"({"schemaVersion":2,"manifests":{}})", "not a list"}}) {
    layout.Put("index.json", index);
    ExpectInvalid(PushLayout(layout), message);
    ExpectInvalid(PushArchive(layout.Tar()), message);
  }
  layout.Root({layout.AddBlob("application/vnd.docker.distribution.manifest.v1+json",
                              R"({"schemaVersion":1})")});
  ExpectInvalid(PushLayout(layout), "Docker schema 1 is not supported");
}

}  // namespace
}  // namespace gantry
