// Images of every shape arrive whole, with nothing sent that need not be.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::Layer;
using fakes::RandomBytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(PushTest, SendsBlobsThenTheManifestThenTheTagAndLooksAfterEach) {
  MakeOneLayer(3 * kMiB);
  const auto pushed = Push();
  ExpectStored(pushed);
  EXPECT_THAT(registry_.log(),
              ElementsAre("HEAD manifest 404", "GET ping 200", "HEAD blob 404", "POST upload 202",
                          "PATCH upload 202", "PUT upload 201", "HEAD blob 200", "HEAD blob 200",
                          "PUT manifest 201", "HEAD manifest 200", "HEAD tag 404", "PUT tag 201",
                          "HEAD tag 200"));
  EXPECT_EQ(store_.Manifest(kRepo, "1.0"), image_.manifest_bytes(0)) << "to the byte";
  EXPECT_EQ(pushed->tags, std::vector<std::string>{"1.0"});
  EXPECT_EQ(pushed->platforms, std::vector<std::string>{"linux/amd64"});
  EXPECT_EQ(clock_.slept().count(), 0);
}

TEST_F(PushTest, APushThatIsRepeatedSendsNothing) {
  MakeOneLayer(kMiB);
  ExpectStored(Push());
  const size_t before = registry_.log().size();
  ExpectStored(Push());
  const auto log = registry_.log();
  EXPECT_THAT(std::vector(log.begin() + static_cast<int64_t>(before), log.end()),
              ElementsAre("HEAD manifest 200", "HEAD tag 200"));
}

TEST_F(PushTest, SixtyLayersSeveralAtOnce) {
  std::vector<Layer> layers;
  for (uint64_t i = 0; i < 60; ++i) layers.push_back({RandomBytes(1000 * (i + 1), i)});
  image_.AddManifest(layers);
  plan_.max_parallel_blobs = 4;
  const auto pushed = Push();
  ExpectStored(pushed);
  EXPECT_EQ(registry_.Count("POST upload"), 61);
  EXPECT_EQ(progress_.Count(BlobState::kSent), 61);
  EXPECT_EQ(progress_.Count(BlobState::kWaiting), 61);
}

TEST_F(PushTest, AnIndexComesAfterItsChildren) {
  image_.AddManifest({{RandomBytes(5000, 1)}}, "linux/amd64");
  image_.AddManifest({{RandomBytes(6000, 2)}}, "linux/arm64");
  const Digest index = image_.AddIndex();
  const auto pushed = Push();
  ExpectStored(pushed);
  EXPECT_EQ(pushed->digest, index);
  EXPECT_EQ(registry_.Count("PUT manifest 201"), 3);
  EXPECT_EQ(store_.Manifest(kRepo, "1.0"), image_.manifest_bytes(2));
}

TEST_F(PushTest, ZstdLayersForeignLayersAndRepeatedLayers) {
  const Layer zstd{RandomBytes(4000, 1), std::string(media_type::kOciLayerZstd)};
  const Layer foreign{"windows",
                      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                      {"https://example.com/layer"}};
  image_.AddManifest({zstd, foreign, zstd, zstd});
  const Digest absent = Digest::Of(foreign.bytes);
  image_.bytes.erase(absent.text());
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 2) << "the layer once, the config, not the foreign one";
  EXPECT_EQ(store_.Blob(kRepo, absent.text()), std::nullopt);
  EXPECT_EQ(store_.Manifest(kRepo, "1.0"), image_.manifest_bytes(0));
}

TEST_F(PushTest, AnImageWithoutLayersIsItsConfig) {
  image_.AddManifest({});
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PUT upload 201"), 1);
}

TEST_F(PushTest, ALayerOfNoBytes) {
  image_.AddManifest({{""}});
  for (const UploadMethod method :
       {UploadMethod::kStream, UploadMethod::kMonolithic, UploadMethod::kChunked}) {
    plan_ = {.repository = kRepo,
             .tags = {"1.0"},
             .mount_from = {},
             .method = method,
             .chunk_bytes = 4 << 20};
    ExpectStored(Push());
  }
}

TEST_F(PushTest, EachMethodSendsEachByteOnce) {
  plan_.chunk_bytes = 1 << 20;
  MakeOneLayer(3 * kMiB + 5);
  plan_.repository = "whole";
  plan_.method = UploadMethod::kMonolithic;
  EXPECT_TRUE(Push().ok());
  EXPECT_EQ(registry_.Count("PATCH upload"), 0);
  plan_.repository = "parts";
  plan_.method = UploadMethod::kChunked;
  EXPECT_TRUE(Push().ok());
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 4 + 1) << "four for the layer, one for the config";
  EXPECT_EQ(store_.Blob("whole", layer().text()), store_.Blob("parts", layer().text()));
  const int64_t image = 3 * kMiB + 5 + static_cast<int64_t>(image_.blob(0, 0).size);
  EXPECT_EQ(store_.received_bytes(), 2 * image);
}

TEST_F(PushTest, LayersCompressedOnTheWayGetAManifestAndAreCompressedOnce) {
  image_.AddUnpacked({{RandomBytes(2 * kMiB, 1)}, {RandomBytes(kMiB, 2)}});
  const auto pushed = Push();
  ExpectStored(pushed);
  EXPECT_EQ(pushed->media_type, media_type::kOciManifest);
  const size_t opened = image_.opened().size();
  ExpectStored(Push());
  EXPECT_EQ(image_.opened().size(), opened) << "their digests are remembered";
}

TEST_F(PushTest, LayersCompressedOnTheWayGoInChunksToo) {
  MakeOneUnpackedLayer(2 * kMiB + 5);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 3);
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB + 5);
}

// Counts what it is asked for.
class CountingLayerCache final : public LayerCache {
 public:
  std::optional<CompressedLayer> Find(const Digest& diff_id, const std::string& recipe) override {
    ++finds;
    return layers.Find(diff_id, recipe);
  }
  void Remember(const Digest& diff_id, const std::string& recipe,
                const CompressedLayer& layer) override {
    layers.Remember(diff_id, recipe, layer);
  }

  int finds = 0;
  MemoryLayerCache layers;
};

TEST_F(PushTest, ALayerIsLookedUpOnceHoweverLongItIs) {
  image_.AddUnpacked({{RandomBytes(5 * kMiB, 1)}});
  CountingLayerCache layers;
  PushEngine engine(layers);
  std::vector<int64_t> sizes;
  progress_.on_blob = [&](const BlobProgressEvent& event) {
    if (event.blob == image_.blob(0, 1).key()) sizes.push_back(event.size_bytes);
  };
  ExpectStored(engine.Push(call_, plan_, client_, image_, progress_));
  EXPECT_EQ(layers.finds, 1);
  EXPECT_GT(sizes.size(), 5u);
  EXPECT_EQ(sizes.front(), 0);
  EXPECT_EQ(sizes.back(), 5 * kMiB);
}

TEST_F(PushTest, AnImageWhoseManifestWouldBeOver4MiBIsRefused) {
  // One blob, which is there many times: some 150 bytes of the manifest each.
  image_.AddUnpacked(std::vector<Layer>(29'000, {"the same"}));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kInvalidArgument, "SOURCE_INVALID");
  EXPECT_THAT(MessageOf(pushed.status()),
              HasSubstr("29000, that its manifest would be longer than 4 MiB"));
  EXPECT_NE(DetailOf(pushed.status()).remedy, "");
  EXPECT_EQ(registry_.Count("PUT manifest") + registry_.Count("PUT tag"), 0);
}

TEST_F(PushTest, ASourceThatLiesLeavesNothingTagged) {
  MakeOneLayer(2 * kMiB);
  const std::string key = layer().text();
  const std::string right = image_.bytes[key];
  std::string changed = right;
  changed[kMiB] = static_cast<char>(changed[kMiB] ^ 1);
  for (const std::string& wrong : {changed, right.substr(1), right + "x"}) {
    image_.bytes[key] = wrong;
    ExpectFailed(Push(), absl::StatusCode::kInvalidArgument, "DIGEST_MISMATCH");
  }
  EXPECT_EQ(registry_.Count("PUT upload"), 0) << "the registry is not asked to keep it";
  EXPECT_EQ(registry_.Count("POST upload"), 3) << "and it is not sent again";
}

TEST_F(PushTest, ASourceWithoutAnImageIsRefused) {
  ExpectFailed(Push(), absl::StatusCode::kInvalidArgument, "SOURCE_INVALID");
}

}  // namespace
}  // namespace gantry
