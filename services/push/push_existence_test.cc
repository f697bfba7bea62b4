// What is there already: looked for, mounted, and not believed for ever.
#include "oci/compression.h"
#include "oci/docker_archive.h"
#include "oci/image_fake.h"
#include "oci/oci_layout.h"
#include "oci/tar_files.h"
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using fakes::Reply;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kBase[] = "base/image";

class PushMountTest : public PushTest {
 protected:
  // The base image's repository has the layer.
  PushMountTest() {
    MakeOneLayer(2 * kMiB);
    store_.PutBlob(kBase, image_.bytes[layer().text()]);
    plan_.mount_from = {kBase};
  }
};

TEST_F(PushTest, ABlobThatTheRegistryOnlyClaimsToHaveIsSentWhenItsManifestSaysSo) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("HEAD blob").Change([this](Reply& reply) {
    reply = {200, {{"Content-Length", std::to_string(image_.blob(0, 1).size)}}};
  }));
  ExpectStored(Push());
  EXPECT_THAT(progress_.notices(), Contains(HasSubstr("misses blobs")));
  EXPECT_LE(clock_.slept(), std::chrono::seconds(30));
}

// Of an archive that is one stream, as one that was compressed as a whole is: what lies ahead is
// reached by going on, what lies behind by starting over.
class PushStreamTest : public PushTest {
 protected:
  static std::unique_ptr<FileSet> Stream(const std::string& tar) {
    return OpenTarStream("image.tar",
                         [tar](const CallContext&) { return std::make_unique<StringReader>(tar); });
  }
  absl::StatusOr<PushedImage> Push(ImageSource& source) {
    return engine_.Push(call_, plan_, client_, source, progress_);
  }
  // The registry claims to have a layer, the first or the second, until the manifest comes.
  void ExpectHealed(ImageSource& source, int layer, int64_t size) {
    // The first layer is looked for, sent, and looked for again; then comes the second.
    registry_.Script(On("HEAD blob").Nth(layer == 0 ? 1 : 3).Change([size](Reply& reply) {
      reply = {200, {{"Content-Length", std::to_string(size)}}};
    }));
    const int unsent = progress_.Count(BlobState::kExisting);
    const auto pushed = Push(source);
    ASSERT_TRUE(pushed.ok()) << MessageOf(pushed.status());
    EXPECT_EQ(progress_.Count(BlobState::kExisting) - unsent, 1);
    EXPECT_EQ(store_.Tags(kRepo)["1.0"], pushed->digest.text());
    EXPECT_THAT(progress_.notices(), Contains(HasSubstr("misses blobs")));
    EXPECT_EQ(store_.open_uploads(), 0u);
  }

  // Longer than what a scan keeps of an archive's files.
  const std::vector<std::string> texts_{fakes::RandomBytes(kMiB, 1), fakes::RandomBytes(kMiB, 2)};
};

TEST_F(PushStreamTest, ALayerThatTheRegistryOnlyClaimsToHaveIsReadFromTheStreamAgain) {
  LayoutFake layout;
  layout.Root({layout.AddImage(texts_)});
  for (const int i : {0, 1}) {
    const std::string layer = Gzip(LayerFake(texts_[static_cast<size_t>(i)]));
    OciLayoutSource source(Stream(layout.Tar()), "");
    ExpectHealed(source, i, static_cast<int64_t>(layer.size()));
    EXPECT_TRUE(store_.Blob(kRepo, Digest::Of(layer).text()) == layer) << i;
    store_.Forget(kRepo);
  }
}

TEST_F(PushStreamTest, SoIsOneThatWasCompressedForAnotherPush) {
  const std::vector<std::string> layers{LayerFake(texts_[0]), LayerFake(texts_[1])};
  const std::string tar = DockerSaveFake().Image({"app:1"}, layers).Tar();
  {
    DockerArchiveSource source(Stream(tar), "");
    plan_.repository = "another/app";
    ASSERT_TRUE(Push(source).ok());
    plan_.repository = kRepo;
  }
  for (const int i : {0, 1}) {
    const Digest diff_id = Digest::Of(layers[static_cast<size_t>(i)]);
    const auto layer = layers_.Find(diff_id, std::string(kGzipRecipe));
    ASSERT_TRUE(layer.has_value());
    DockerArchiveSource source(Stream(tar), "");
    ExpectHealed(source, i, layer->size);
    EXPECT_TRUE(store_.Blob(kRepo, layer->digest.text()) ==
                store_.Blob("another/app", layer->digest.text()));
    store_.Forget(kRepo);
  }
}

TEST_F(PushTest, ABlobOfAnotherLengthIsNotTheBlob) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("HEAD blob").Change([](Reply& reply) {
    reply = {200, {{"Content-Length", "17"}}};
  }));
  ExpectStored(Push());
  EXPECT_THAT(progress_.notices(), ElementsAre(HasSubstr("with 17 bytes instead of 2097152")));
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

TEST_F(PushTest, WhereBlobsMayNotBeLookedAtTheUploadsAnswersCount) {
  MakeOneLayer(kMiB);
  for (const int status : {403, 405, 501}) {
    store_.Forget(kRepo);
    registry_.Script(On("HEAD blob").Times(4).Answer(status));  // two blobs, before and after
    ExpectStored(Push());
  }
  EXPECT_EQ(registry_.Count("PUT upload 201"), 3 * 2);
}

TEST_F(PushTest, ABlobInManyPlacesOfOneImageIsSentOnce) {
  const fakes::Layer layer{fakes::RandomBytes(kMiB, 1)};
  image_.AddManifest({layer, layer}, "linux/amd64");
  image_.AddManifest({layer}, "linux/arm64");
  image_.AddIndex();
  plan_.max_parallel_blobs = 4;
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 1 + 2) << "the layer, and two configs";
}

TEST_F(PushMountTest, AMountedBlobIsNotSent) {
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST mount 201"), 1);
  EXPECT_EQ(registry_.Count("POST upload"), 0);
  EXPECT_EQ(progress_.Count(BlobState::kMounted), 1);
  EXPECT_EQ(store_.received_bytes(), 0);
}

TEST_F(PushMountTest, AMountOfAnotherDigestIsNoMount) {
  registry_.Script(
      On("POST mount").Answer(201, {{"Docker-Content-Digest", Digest::Of("other").text()}}));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

TEST_F(PushMountTest, ASessionInsteadOfAMountIsUsed) {
  plan_.mount_from = {"nothing/here"};
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST mount 202"), 1);
  EXPECT_EQ(registry_.Count("POST upload"), 0) << "one is open";
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB);
}

TEST_F(PushMountTest, WhateverHappensToAMountThereIsThePlainUpload) {
  int i = 0;
  for (const int status : {202, 400, 401, 403, 404, 405, 500}) {
    plan_.repository = "target" + std::to_string(++i);
    registry_.Script(On("POST mount").Times(2).Answer(status));
    const int before = registry_.Count("POST upload");
    const auto pushed = Push();
    ASSERT_TRUE(pushed.ok()) << status << MessageOf(pushed.status());
    EXPECT_TRUE(store_.Blob(plan_.repository, layer().text()).has_value()) << status;
    EXPECT_EQ(registry_.Count("POST upload") - before, 2) << status << ": layer and config";
  }
}

TEST_F(PushMountTest, AMountWhoseSourceMayNotBeReadIsGivenUp) {
  registry_.desk().Open({.kind = fakes::TokenDesk::Kind::kBearer,
                         .forbidden = std::string("repository:") + kBase + ":pull"});
  ExpectStored(Push());
  EXPECT_GE(registry_.Count("POST mount 401"), 1);
  EXPECT_LE(registry_.Count("POST mount 401"), 2);
  EXPECT_EQ(registry_.Count("POST upload 202"), 1);
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB);
}

TEST_F(PushMountTest, AMountThatWasNoneIsSentWhenItsManifestSaysSo) {
  registry_.Script(On("POST mount").Answer(201));
  registry_.Script(On("HEAD blob").Nth(2).Change([this](Reply& reply) {
    reply = {200, {{"Content-Length", std::to_string(image_.blob(0, 1).size)}}};
  }));
  ExpectStored(Push());
  EXPECT_THAT(progress_.notices(), Contains(HasSubstr("misses blobs")));
}

TEST_F(PushTest, ARepositoryThatIsMissingIsNotWaitedFor) {
  MakeOneLayer(1000);
  registry_.Script(
      On("POST upload").Times(3).Answer(404, {}, fakes::ErrorReply(404, "NAME_UNKNOWN").body));
  ExpectFailed(Push(), absl::StatusCode::kNotFound, "REPOSITORY_NOT_FOUND");
  EXPECT_EQ(registry_.Count("POST upload 404"), 1);
}

TEST_F(PushTest, ANewRepositoryIsWaitedFor) {
  MakeOneLayer(1000);
  plan_.new_repository = true;
  registry_.Script(
      On("POST upload").Times(3).Answer(404, {}, fakes::ErrorReply(404, "NAME_UNKNOWN").body));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload 404"), 3);
  EXPECT_GT(clock_.slept(), milliseconds(0));
}

}  // namespace
}  // namespace gantry
