#include "gantryd/rpc/blob_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/status.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kMiB = 1 << 20;
using Range = std::pair<int64_t, int64_t>;  // offset and length

// A caller with one blob, who answers every read at once.
struct BlobReadsTest : ::testing::Test {
  void Answer(const v1::BlobRead& read) {
    asked.emplace_back(read.offset(), read.length());
    v1::BlobChunk chunk;
    chunk.set_read_id(read.read_id());
    const auto size = static_cast<int64_t>(blob.size());
    const int64_t begin = std::min(read.offset(), size);
    const int64_t end = std::min(begin + read.length(), size);
    chunk.set_data(blob.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
    chunk.set_end_of_blob(says_end && end == size);
    EXPECT_TRUE(reads.OnChunk(chunk).ok());
  }
  absl::StatusOr<std::string> Read(int64_t offset, std::optional<int64_t> size) {
    const auto reader = reads.Open(call, "blob", offset, size);
    return ReadAll(**reader, SIZE_MAX);
  }

  ManualClock clock;
  CallContext call{clock, std::chrono::minutes(1), "test"};
  std::string blob;
  bool says_end = true;
  std::vector<Range> asked;
  BlobReads reads{[this](const v1::BlobRead& read) { Answer(read); }};
};

TEST_F(BlobReadsTest, ASmallBlobOfAKnownSizeTakesOneRead) {
  blob = std::string(2000, 'c');
  for (const bool said : {true, false}) {
    says_end = said;
    asked.clear();
    EXPECT_EQ(*Read(0, 2000), blob);
    EXPECT_THAT(asked, ElementsAre(Range(0, 2000)));
  }
}

TEST_F(BlobReadsTest, NothingBehindAKnownSizeIsAskedFor) {
  blob = std::string(2 * kMiB + 5, 'l');
  EXPECT_TRUE(*Read(0, 2 * kMiB + 5) == blob);
  EXPECT_THAT(asked, ElementsAre(Range(0, kMiB), Range(kMiB, kMiB), Range(2 * kMiB, 5)));
  asked.clear();
  EXPECT_EQ(*Read(2 * kMiB, 2 * kMiB + 5), "lllll");
  EXPECT_THAT(asked, ElementsAre(Range(2 * kMiB, 5)));
  asked.clear();
  EXPECT_EQ(*Read(2 * kMiB + 5, 2 * kMiB + 5), "");
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(BlobReadsTest, ABlobMayEndBeforeItsSize) {
  blob = "short";
  EXPECT_EQ(*Read(0, 2000), "short") << "who reads it, checks it";
}

TEST_F(BlobReadsTest, ABlobOfAnUnknownSizeIsReadAheadOfItsEnd) {
  blob = std::string(kMiB + 5, 'l');
  EXPECT_TRUE(*Read(0, std::nullopt) == blob);
  EXPECT_THAT(asked, SizeIs(9)) << "eight at once, and one more when the first was used";
}

TEST_F(BlobReadsTest, AChunkIsShortAtTheEndOnly) {
  blob = "short";
  says_end = false;
  EXPECT_EQ(ReasonOf(Read(0, 2000).status()), reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf(Read(0, std::nullopt).status()), reason::kInvalidArgument);
}

}  // namespace
}  // namespace gantry
