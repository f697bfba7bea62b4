// In which order blobs go, and what one failure does to the others.
#include "push/blob_set.h"

#include <new>

#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using fakes::RandomBytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BlobSetTest : public PushTest {
 protected:
  absl::StatusOr<StoredBlobs> Upload(bool force = false) {
    BodyLimit body_limit;
    const PushTarget target{plan_, client_, image_, layers_, progress_, body_limit};
    const SourceImage image = *image_.Load(call_);
    std::map<std::string, SourceBlob> blobs;
    for (const SourceBlob& blob : image.manifests[0].blobs) blobs.emplace(blob.key(), blob);
    return UploadBlobs(call_, target, blobs, force);
  }
  // Sizes of the blobs in the order in which they were read.
  std::vector<size_t> Order() const {
    std::vector<size_t> sizes;
    for (const auto& [key, offset] : image_.opened()) sizes.push_back(image_.bytes.at(key).size());
    return sizes;
  }
  void MakeLayers(const std::vector<size_t>& sizes) {
    std::vector<fakes::Layer> layers;
    for (const size_t size : sizes) layers.push_back({RandomBytes(size, size)});
    image_.AddManifest(layers);
  }
};

TEST_F(BlobSetTest, TheLargestGoesFirst) {
  MakeLayers({2000, 4000, 3000});
  ASSERT_TRUE(Upload().ok());
  EXPECT_THAT(Order(), ElementsAre(4000, 3000, 2000, image_.blob(0, 0).size));
}

TEST_F(BlobSetTest, ALayerOfUnknownSizeIsTakenForALargeOne) {
  image_.AddUnpacked({{RandomBytes(700, 1)}});
  ASSERT_TRUE(Upload().ok());
  EXPECT_THAT(Order(), ElementsAre(700, 2));
}

TEST_F(BlobSetTest, OneStreamIsReadAsItComes) {
  MakeLayers({2000, 4000, 3000});
  image_.one_stream = true;
  image_.rank = [](const SourceBlob& blob) { return blob.size == 3000 ? 0 : blob.size; };
  plan_.max_parallel_blobs = 4;
  ASSERT_TRUE(Upload().ok());
  EXPECT_THAT(Order(), ElementsAre(3000, image_.blob(0, 0).size, 2000, 4000));
}

TEST_F(BlobSetTest, TheFirstFailureStopsTheOthersAndNamesItsBlob) {
  MakeLayers({9000, 8000, 7000, 6000, 5000});
  const auto denied = fakes::ErrorReply(403, "DENIED", "read only");
  registry_.Script(On("PUT upload").Nth(2).Answer(403, denied.headers, denied.body));
  const auto stored = Upload();
  EXPECT_EQ(ReasonOf(stored.status()), "UPSTREAM_DENIED");
  EXPECT_THAT(MessageOf(stored.status()),
              HasSubstr("layer " + image_.blob(0, 2).key().substr(0, 19)));
  EXPECT_EQ(registry_.Count("POST upload"), 2);
  EXPECT_TRUE(call_.Check().ok()) << "the caller's own call goes on";
}

TEST_F(BlobSetTest, WhatABlobsThreadThrowsIsAFailureOfItsBlob) {
  MakeLayers({9000, 8000});
  progress_.on_blob = [](const BlobProgressEvent& event) {
    if (event.state == BlobState::kSending) throw std::bad_alloc();
  };
  const auto stored = Upload();
  EXPECT_EQ(ReasonOf(stored.status()), "INTERNAL");
  EXPECT_THAT(MessageOf(stored.status()),
              HasSubstr("layer " + image_.blob(0, 1).key().substr(0, 19)));
  progress_.on_blob = nullptr;
  EXPECT_TRUE(Upload().ok());
}

TEST_F(BlobSetTest, WithForceWhatIsThereIsSentAgain) {
  MakeLayers({2000});
  ASSERT_TRUE(Upload().ok());
  ASSERT_TRUE(Upload().ok());
  EXPECT_EQ(registry_.Count("POST upload"), 2);
  ASSERT_TRUE(Upload(/*force=*/true).ok());
  EXPECT_EQ(registry_.Count("POST upload"), 4);
}

}  // namespace
}  // namespace gantry
