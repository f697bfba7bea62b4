#include "clients/cpp/blob_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Blobs in memory; counts what is opened.
class CountingSource final : public ImageSource {
 public:
  absl::StatusOr<SourceImage> Load(const CallContext&) override { return SourceImage(); }
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext&, const SourceBlob& blob,
                                                       int64_t offset) override {
    std::lock_guard lock(mu);
    opened.push_back(fmt::format("{}@{}", blob.media_type, offset));
    if (blob.media_type == "broken") return InvalidArgument(reason::kDigestMismatch, "it lies");
    const std::string& bytes = contents.at(blob.media_type);
    if (offset > static_cast<int64_t>(bytes.size())) return std::make_unique<StringReader>("");
    return std::make_unique<StringReader>(bytes.substr(static_cast<size_t>(offset)));
  }

  std::mutex mu;
  std::vector<std::string> opened;  // guarded by mu
  std::map<std::string, std::string> contents;
};

struct BlobServerTest : ::testing::Test {
  BlobServerTest() {
    image.manifests.emplace_back();
    for (const char* name : {"a", "b", "broken"}) {
      source.contents[name] = std::string(2'500'000, name[0]);
      SourceBlob blob;
      blob.media_type = name;
      blob.diff_id = Digest::Of(name);
      image.manifests[0].blobs.push_back(blob);
    }
    source.contents["config"] = "{}";
    image.manifests[0].blobs.push_back({"config", Digest::Of("config"), 2, std::nullopt, {}});
    image.manifests[0].bytes = "0123456789";
    image.manifests[0].descriptor = Descriptor{
        "manifest", Digest::Of("0123456789"), 10, {}, std::nullopt, {}};
    server.emplace(call, source, image, [this](const v1::BlobChunk& chunk) {
      std::lock_guard lock(mu);
      chunks[chunk.read_id()] = chunk;
      arrived.notify_all();
    });
  }
  // One read, and the answer to it.
  v1::BlobChunk Ask(const std::string& key, int64_t offset, int64_t length) {
    v1::BlobRead read;
    read.set_read_id(++last_id);
    read.set_blob(key);
    read.set_offset(offset);
    read.set_length(length);
    server->Serve(read);
    std::unique_lock lock(mu);
    arrived.wait(lock, [&] { return chunks.count(last_id) == 1; });
    return chunks[last_id];
  }
  static std::string Key(const std::string& name) { return Digest::Of(name).text(); }

  const SystemClock clock;
  CallContext call{clock, std::chrono::minutes(1), "test"};
  CountingSource source;
  SourceImage image;
  std::mutex mu;
  std::condition_variable arrived;
  std::map<uint64_t, v1::BlobChunk> chunks;  // guarded by mu
  uint64_t last_id = 0;
  std::optional<BlobServer> server;
};

TEST_F(BlobServerTest, ReadsInARowTakeOneReader) {
  const std::string whole(2'500'000, 'a');
  std::string got;
  for (int64_t offset = 0; offset < 2'500'000; offset += 1 << 20) {
    const v1::BlobChunk chunk = Ask(Key("a"), offset, 1 << 20);
    got += chunk.data();
    EXPECT_EQ(chunk.end_of_blob(), got.size() == whole.size());
  }
  EXPECT_TRUE(got == whole);
  EXPECT_THAT(source.opened, ElementsAre("a@0"));
  EXPECT_TRUE(Ask(Key("a"), 2'500'000, 10).end_of_blob());
  EXPECT_TRUE(Ask(Key("a"), 9'999'999, 10).end_of_blob()) << "a daemon reads ahead";
  EXPECT_THAT(source.opened, ElementsAre("a@0"));
}

TEST_F(BlobServerTest, ABlobOfAKnownSizeIsDoneWithItsLastByte) {
  EXPECT_FALSE(Ask(Key("config"), 0, 1).end_of_blob());
  EXPECT_TRUE(Ask(Key("config"), 1, 1).end_of_blob()) << "no further read would close its file";
}

TEST_F(BlobServerTest, AReadElsewhereOpensTheBlobThere) {
  EXPECT_EQ(Ask(Key("a"), 2'499'997, 10).data(), "aaa");
  EXPECT_EQ(Ask(Key("a"), 5, 2).data(), "aa");
  EXPECT_EQ(Ask(Key("a"), 7, 1).data(), "a");
  EXPECT_THAT(source.opened, ElementsAre("a@2499997", "a@5"));
}

TEST_F(BlobServerTest, AChunkIsAMegabyteAtMost) {
  EXPECT_EQ(Ask(Key("a"), 0, INT64_MAX).data().size(), 1u << 20);
  EXPECT_EQ(Ask(Key("a"), 0, -1).data(), "");
  EXPECT_EQ(Ask(Digest::Of("0123456789").text(), 0, -1).data(), "");
}

TEST_F(BlobServerTest, ManifestsComeFromMemory) {
  const std::string key = Digest::Of("0123456789").text();
  EXPECT_EQ(Ask(key, 0, 4).data(), "0123");
  const v1::BlobChunk rest = Ask(key, 4, 100);
  EXPECT_EQ(rest.data(), "456789");
  EXPECT_TRUE(rest.end_of_blob());
  EXPECT_EQ(Ask(key, 99, 1).data(), "");
  EXPECT_EQ(Ask(key, -5, 1).data(), "0");
  EXPECT_THAT(source.opened, IsEmpty());
}

TEST_F(BlobServerTest, WhatCannotBeReadIsToldAndTheRestGoesOn) {
  EXPECT_THAT(Ask(Key("broken"), 0, 1).error(), HasSubstr("it lies"));
  EXPECT_THAT(Ask("sha256:none", 0, 1).error(), HasSubstr("no blob sha256:none"));
  EXPECT_THAT(Ask(Key("a"), -1, 1).error(), HasSubstr("begins at -1"));
  EXPECT_EQ(Ask(Key("b"), 0, 1).data(), "b");
}

}  // namespace
}  // namespace gantry::client
