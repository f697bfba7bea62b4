#include "oci/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "oci/json.h"

namespace gantry {
namespace {

Descriptor Blob(std::string_view bytes, std::string_view type) {
  return {.media_type = std::string(type),
          .digest = Digest::Of(bytes),
          .size = static_cast<int64_t>(bytes.size()),
          .urls = {},
          .platform = std::nullopt,
          .annotations = {}};
}

void ExpectInvalid(const std::string& bytes, std::string_view type, std::string_view why) {
  const auto manifest = Manifest::Parse(bytes, type);
  ASSERT_FALSE(manifest.ok()) << bytes.substr(0, 200);
  EXPECT_EQ(ReasonOf(manifest.status()), reason::kSourceInvalid);
  EXPECT_THAT(std::string(MessageOf(manifest.status())), testing::HasSubstr(std::string(why)));
}

TEST(Manifest, WhatIsWrittenIsReadBack) {
  const Descriptor config = Blob("{}", media_type::kOciConfig);
  const Descriptor layer = Blob("layer", media_type::kOciLayerGzip);
  const std::string bytes = WriteManifest(config, {layer, layer});
  EXPECT_EQ(bytes, WriteManifest(config, {layer, layer}));
  const auto manifest = Manifest::Parse(bytes, media_type::kOciManifest);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_FALSE(manifest->is_index);
  EXPECT_EQ(manifest->config->digest, config.digest);
  ASSERT_EQ(manifest->layers.size(), 2U);
  EXPECT_EQ(manifest->layers[1].size, 5);
}

TEST(Manifest, AnEmptyLayerListIsAnImage) {
  const auto manifest = Manifest::Parse(WriteManifest(Blob("{}", media_type::kOciConfig), {}), "");
  ASSERT_TRUE(manifest.ok());
  EXPECT_TRUE(manifest->layers.empty());
}

TEST(Manifest, WhatCanBeWrittenCanBeRead) {
  const std::vector<Descriptor> layers(25'000, Blob("layer", media_type::kOciLayerGzip));
  const std::string bytes = WriteManifest(Blob("{}", media_type::kOciConfig), layers);
  ASSERT_LE(bytes.size(), kMaxManifestBytes);
  const auto manifest = Manifest::Parse(bytes, "");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->layers.size(), layers.size());
}

TEST(Manifest, ReadsAnIndexWithPlatforms) {
  const std::string bytes = R"({"schemaVersion":2,"manifests":[{"mediaType":")" +
                            std::string(media_type::kOciManifest) + R"(","digest":")" +
                            Digest::Of("m").text() +
                            R"(","size":1,"platform":{"os":"linux","architecture":"arm","variant":"v7"}}]})";
  const auto index = Manifest::Parse(bytes, media_type::kOciIndex);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_TRUE(index->is_index);
  EXPECT_EQ(index->manifests[0].platform->text(), "linux/arm/v7");
}

TEST(Manifest, RefusesWhatIsNoManifest) {
  const std::string good = WriteManifest(Blob("{}", media_type::kOciConfig), {});
  ExpectInvalid("", "", "JSON");
  ExpectInvalid("[]", "", "object");
  ExpectInvalid("{}", "", "media type");
  ExpectInvalid(good, media_type::kOciIndex, "named as");
  ExpectInvalid(R"({"schemaVersion":1,"layers":5,"mediaType":"x"})", "", "schema 1");
  ExpectInvalid(R"({"manifests":[],"layers":[]})", media_type::kOciIndex, "both");
  ExpectInvalid(R"({"layers":[]})", media_type::kOciManifest, "config");
  ExpectInvalid(std::string(kMaxManifestBytes + 1, ' '), "", "limit");
  std::string negative = good;
  negative.replace(negative.find("\"size\":2"), 8, "\"size\":-2");
  ExpectInvalid(negative, "", "size");
  std::string huge = good;
  huge.replace(huge.find("\"size\":2"), 8, "\"size\":99999999999999999999");
  ExpectInvalid(huge, "", "lacks");
}

TEST(Manifest, SurvivesBracketsNestedAHundredThousandDeep) {
  for (const std::string open : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += open;
    ExpectInvalid(deep, "", "nested");
    EXPECT_FALSE(ImageConfig::Parse(deep).ok());
  }
  EXPECT_TRUE(ParseJson(R"({"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})").ok())
      << "brackets in a string are no nesting";
}

TEST(ImageConfig, ReadsPlatformAndDiffIds) {
  const auto config = ImageConfig::Parse(
      R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[")" +
      Digest::Of("x").text() + R"("]}})");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->platform.text(), "linux/amd64");
  EXPECT_EQ(config->diff_ids, std::vector{Digest::Of("x")});
  EXPECT_FALSE(ImageConfig::Parse(R"({"rootfs":{"diff_ids":["nope"]}})").ok());
}

}  // namespace
}  // namespace gantry
