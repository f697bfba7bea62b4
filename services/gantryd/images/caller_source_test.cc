#include "gantryd/images/caller_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantryd/images/caller_image_fake.h"
#include "oci/tar_fake.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct CallerSourceTest : ::testing::Test {
  absl::StatusOr<SourceImage> Load(CallerImage image) {
    return CallerSource(std::move(image)).Load(call);
  }
  std::string ReasonFor(CallerImage image) { return ReasonOf(Load(std::move(image)).status()); }
  CallerImage Assemble(std::vector<SourceBlob> blobs) {
    CallerImage image;
    image.assembled = std::move(blobs);
    image.blobs = &caller;
    return image;
  }
  static SourceBlob Blob(const Descriptor& d) {
    return SourceBlob{d.media_type, d.digest, d.size, std::nullopt, {}};
  }

  ManualClock clock;
  CallContext call{clock, std::chrono::minutes(1), "test"};
  CallerImageFake caller;
};

TEST_F(CallerSourceTest, ARootIsReadWithAllItNamesButNoLayer) {
  const Descriptor linux_image = caller.AddImage({"one", "two"});
  const Descriptor other_image = caller.AddImage({"one"}, "windows");
  const Descriptor root = caller.AddIndex({linux_image, other_image, linux_image});
  const auto image = Load(caller.Root(root));
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_EQ(image->manifests.size(), 3u);
  EXPECT_EQ(image->manifests[0].descriptor->digest, linux_image.digest);
  EXPECT_EQ(image->manifests[0].blobs.size(), 3u) << "config and two layers";
  EXPECT_EQ(image->manifests[2].descriptor->digest, root.digest) << "the root comes last";
  EXPECT_EQ(image->manifests[2].bytes, caller.blobs[root.digest.text()]);
  EXPECT_THAT(image->platforms, ElementsAre("linux/amd64", "windows/amd64"));
  EXPECT_EQ(caller.opened.count(Digest::Of("one").text()), 0u);
}

TEST_F(CallerSourceTest, WhatIsNotItsDigestIsRefused) {
  const Descriptor root = caller.AddImage({"one"});
  const std::string right = caller.blobs[root.digest.text()];
  for (const std::string& wrong :
       {right.substr(1), std::string(right.size(), 'x'), std::string()}) {
    caller.blobs[root.digest.text()] = wrong;
    EXPECT_EQ(ReasonFor(caller.Root(root)), reason::kDigestMismatch);
  }
  Descriptor longer = root;
  ++longer.size;
  caller.blobs[root.digest.text()] = right + " ";
  EXPECT_EQ(ReasonFor(caller.Root(longer)), reason::kDigestMismatch);
  EXPECT_TRUE(Load(caller.Root(root)).ok()) << "what lies behind a document is not read";
  caller.blobs[root.digest.text()] = right;
  caller.blobs[caller.last_config->digest.text()] = "{}";
  EXPECT_EQ(ReasonFor(caller.Root(root)), reason::kDigestMismatch);
}

TEST_F(CallerSourceTest, AMissingBlobIsTheCallersError) {
  const Descriptor root = caller.AddIndex({caller.AddImage({"one"})});
  caller.blobs.erase(caller.last_config->digest.text());
  EXPECT_EQ(ReasonFor(caller.Root(root)), reason::kSourceNotFound);
}

TEST_F(CallerSourceTest, SizesAndDepthsAreBounded) {
  Descriptor root = caller.AddImage({"one"});
  for (const int64_t size : {int64_t{0}, int64_t{-1}, int64_t{5} << 20, INT64_MAX}) {
    Descriptor lying = root;
    lying.size = size;
    EXPECT_EQ(ReasonFor(caller.Root(lying)), reason::kSourceInvalid) << size;
  }
  for (int i = 0; i < 8; ++i) root = caller.AddIndex({root});
  EXPECT_TRUE(Load(caller.Root(root)).ok());
  EXPECT_EQ(ReasonFor(caller.Root(caller.AddIndex({root}))), reason::kSourceInvalid);
  std::vector<Descriptor> many;
  for (int i = 0; i < 1100; ++i) many.push_back(caller.AddImage({std::to_string(i)}));
  EXPECT_EQ(ReasonFor(caller.Root(caller.AddIndex(many))), reason::kSourceInvalid);
}

TEST_F(CallerSourceTest, AnAssembledImageHasAConfigThatKnowsItsLayers) {
  caller.AddImage({"one", "two"});
  const SourceBlob config = Blob(*caller.last_config);
  SourceBlob ready{std::string(media_type::kOciLayerGzip), Digest::Of("gz"), 2, std::nullopt, {}};
  SourceBlob raw{std::string(media_type::kOciLayerGzip), std::nullopt, 0, Digest::Of("two"), {}};
  const auto image = Load(Assemble({config, ready, raw}));
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_EQ(image->manifests.size(), 1u);
  EXPECT_FALSE(image->manifests[0].descriptor);
  EXPECT_EQ(image->manifests[0].blobs[1].diff_id, Digest::Of("one")) << "taken from the config";
  EXPECT_THAT(image->platforms, ElementsAre("linux/amd64"));

  EXPECT_EQ(ReasonFor(Assemble({})), reason::kSourceInvalid);
  EXPECT_EQ(ReasonFor(Assemble({config, ready})), reason::kSourceInvalid);
  EXPECT_EQ(ReasonFor(Assemble({raw, ready, raw})), reason::kSourceInvalid);
  SourceBlob nothing = raw;
  nothing.diff_id.reset();
  EXPECT_EQ(ReasonFor(Assemble({config, ready, nothing})), reason::kSourceInvalid);
  raw.diff_id = Digest::Of("three");
  EXPECT_EQ(ReasonFor(Assemble({config, ready, raw})), reason::kDigestMismatch);
}

TEST_F(CallerSourceTest, ALayerWithoutADigestIsCheckedAgainstItsDiffId) {
  const std::string tar(100'000, 't'), gzip = Gzip(tar);
  SourceBlob layer{std::string(media_type::kOciLayerGzip), std::nullopt, 0, Digest::Of(tar), {}};
  CallerSource source(Assemble({layer}));
  caller.blobs[layer.key()] = gzip;
  EXPECT_TRUE(*ReadAll(**source.OpenBlob(call, layer, 0), 1 << 20) == gzip);
  EXPECT_TRUE(*ReadAll(**source.OpenBlob(call, layer, 50), 1 << 20) == gzip.substr(50));
  for (const auto& [bytes, reason] :
       std::map<std::string, std::string_view>{{Gzip("another"), reason::kDigestMismatch},
                                               {gzip.substr(0, 60), reason::kSourceInvalid},
                                               {tar, reason::kSourceInvalid}}) {
    caller.blobs[layer.key()] = bytes;
    EXPECT_EQ(ReasonOf(ReadAll(**source.OpenBlob(call, layer, 0), 1 << 20).status()), reason);
  }
}

TEST_F(CallerSourceTest, ReadsGoToTheCallerAtTheirOffset) {
  CallerImage image = caller.Root(caller.AddImage({"one"}));
  const SourceBlob layer = Blob(caller.Add("t", "0123456789"));
  image.read_ranks[layer.key()] = 7;
  image.max_parallel_reads = 1;
  CallerSource source(image);
  EXPECT_EQ(source.max_parallel_reads(), 1);
  EXPECT_EQ(source.ReadRank(layer), 7);
  EXPECT_EQ(*ReadAll(**source.OpenBlob(call, layer, 4), 100), "456789");
  image.max_parallel_reads = 0;
  EXPECT_EQ(CallerSource(image).max_parallel_reads(), 64);
}

}  // namespace
}  // namespace gantry
