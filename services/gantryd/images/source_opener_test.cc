#include "gantryd/images/source_opener.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gantryd/images/caller_image_fake.h"
#include "gantryd/registries/manager_test_world.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

struct SourceOpenerTest : ::testing::Test {
  SourceOpenerTest() : dir(MakeFolder()) {
    fs::create_directories(dir / "root");
    fs::create_directories(dir / "outside");
  }
  ~SourceOpenerTest() override { fs::remove_all(dir); }

  static fs::path MakeFolder() {
    std::string name = ::testing::TempDir() + "opener.XXXXXX";
    return fs::canonical(mkdtemp(name.data()));
  }
  Descriptor WriteLayout(const fs::path& path) {
    CallerImageFake image;
    const Descriptor root = image.AddImage({"one"});
    fs::create_directories(path / "blobs/sha256");
    for (const auto& [digest, bytes] : image.blobs) {
      std::ofstream(path / "blobs/sha256" / digest.substr(7)) << bytes;
    }
    std::ofstream(path / "oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
    const Descriptor index = image.AddIndex({root});
    std::ofstream(path / "index.json") << image.blobs[index.digest.text()];
    return root;
  }
  absl::StatusOr<SourceImage> Load(const SourceSpec& spec) {
    SourceOpener opener(w.pool, w.http, policy);
    auto source = opener.Open(w.call, spec);
    if (!source.ok()) return source.status();
    return (*source)->Load(w.call);
  }

  TestWorld w;
  const fs::path dir;
  SourcePolicy policy{{(dir / "root").string()}, ""};
};

TEST_F(SourceOpenerTest, ReadsLayoutsInAllowedRootsOnly) {
  const Descriptor root = WriteLayout(dir / "root/image");
  WriteLayout(dir / "outside/image");
  const auto image = Load(SourceOciLayout{dir / "root/image"});
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->manifests.back().descriptor->digest, root.digest);
  EXPECT_TRUE(Load(SourceOciLayout{(dir / "root/image").string() + ":@0"}).ok());

  for (const SourceSpec& spec :
       {SourceSpec(SourceOciLayout{dir / "outside/image"}),
        SourceSpec(SourceOciLayout{dir / "root/../outside/image"}),
        SourceSpec(SourceOciArchive{"/etc/passwd"}), SourceSpec(SourceDockerArchive{"relative"})}) {
    EXPECT_THAT(Load(spec).status(),
                FailsWith(StatusCode::kPermissionDenied, reason::kSourceNotAllowed));
  }
  EXPECT_THAT(Load(SourceOciLayout{dir / "root/none"}).status(),
              FailsWith(StatusCode::kNotFound, reason::kSourceNotFound));
  EXPECT_EQ(Load(SourceOciLayout{""}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SourceOpenerTest, WhatWasAllowedIsWhatIsRead) {
  const Descriptor root = WriteLayout(dir / "root/image");
  SourceOpener opener(w.pool, w.http, policy);
  auto source = opener.Open(w.call, SourceOciLayout{dir / "root/image"});
  ASSERT_TRUE(source.ok()) << source.status();
  fs::rename(dir / "root/image", dir / "root/moved");
  fs::create_directory_symlink(dir / "outside", dir / "root/image");
  const auto image = (*source)->Load(w.call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->manifests.back().descriptor->digest, root.digest);
}

TEST_F(SourceOpenerTest, ErrorsSpeakOfThePathThatWasGiven) {
  fs::create_directories(dir / "root/empty");
  std::ofstream(dir / "root/garbage.tar") << std::string(5000, 'x');
  for (const SourceSpec& spec : {SourceSpec(SourceOciLayout{dir / "root/empty"}),
                                 SourceSpec(SourceDockerArchive{dir / "root/garbage.tar"}),
                                 SourceSpec(SourceOciArchive{dir / "root/garbage.tar"})}) {
    const absl::Status status = Load(spec).status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(ReasonOf(status).empty()) << status;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("/proc/self")));
  }
}

TEST_F(SourceOpenerTest, ReferencesAreReadThroughTheirRegistry) {
  w.server.auth = InProcessRegistry::Auth::kBasic;
  w.Connect("c", "right");
  RegistryRecord record = w.Record("r", w.host + "/team");
  record.connector = "c";
  w.Register(record);
  CallerImageFake image;
  const Descriptor root = image.AddImage({"one"});
  w.server.blobs["team/app"] = image.blobs;
  w.server.manifests["team/app:1"] = {root.media_type, image.blobs[root.digest.text()]};
  const auto loaded = Load(SourceReference{w.host + "/team/app:1"});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->manifests.back().descriptor->digest, root.digest);
  EXPECT_THAT(Load(SourceReference{w.host + "/teammate/app:1"}).status(),
              FailsWith(StatusCode::kPermissionDenied, reason::kSourceNotAllowed));
  EXPECT_EQ(Load(SourceReference{w.host + "/team/app:none"}).status().code(),
            StatusCode::kNotFound);
  EXPECT_THAT(Load(SourceReference{"a b"}).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidReference));
}

TEST_F(SourceOpenerTest, AnEngineIsReadOnlyWhereTheOperatorSaysSo) {
  EXPECT_THAT(Load(SourceEngine{"app"}).status(),
              FailsWith(StatusCode::kPermissionDenied, reason::kSourceNotAllowed));
  policy.docker_engine_socket = "/run/none.sock";
  EXPECT_NE(ReasonOf(Load(SourceEngine{"app"}).status()), reason::kSourceNotAllowed);
  EXPECT_EQ(Load(SourceEngine{""}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Load(CallerImage{}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gantry
