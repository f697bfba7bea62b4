#include "push/hashed_blob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/fakes/memory_image.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kMiB = 1 << 20;

class HashedBlobTest : public ::testing::Test {
 protected:
  HashedBlobTest() { image_.AddManifest({{bytes_}}); }

  // Reads on for so many bytes, or to the end.
  absl::StatusOr<std::string> Read(std::optional<int64_t> limit = std::nullopt) {
    const auto body = blob_.Body(limit);
    return ReadAll(*body, 64 << 20);
  }
  std::vector<int64_t> Opened() const {
    std::vector<int64_t> offsets;
    for (const auto& [key, offset] : image_.opened()) offsets.push_back(offset);
    return offsets;
  }
  std::string& stored() { return image_.bytes[source_.key()]; }

  const std::string bytes_ = fakes::RandomBytes(20 * kMiB, 1);
  fakes::MemoryImage image_;
  ManualClock clock_;
  CallContext call_{clock_, std::chrono::hours(1), "r"};
  const SourceBlob source_{"", Digest::Of(bytes_), 20 * kMiB, std::nullopt, {}};
  int64_t furthest_ = 0;
  HashedBlob blob_{call_, image_, source_, [this](int64_t position) { furthest_ = position; }};
};

TEST_F(HashedBlobTest, ReadsAndHashesToTheEnd) {
  EXPECT_TRUE(*Read() == bytes_);
  EXPECT_TRUE(blob_.at_end());
  EXPECT_EQ(blob_.digest(), *source_.digest);
  EXPECT_EQ(blob_.position(), 20 * kMiB);
  EXPECT_EQ(furthest_, 20 * kMiB);
  EXPECT_EQ(*Read(), "");
}

TEST_F(HashedBlobTest, ReadsInPartsThatFollowEachOther) {
  EXPECT_TRUE(*Read(5) + *Read(3 * kMiB) + *Read() == bytes_);
  EXPECT_EQ(blob_.digest(), *source_.digest);
  EXPECT_THAT(Opened(), ElementsAre(0));
}

TEST_F(HashedBlobTest, GoesBackByTheLastMidstateAndReadsOnlyWhatFollowsIt) {
  ASSERT_TRUE(Read(19 * kMiB).ok());
  ASSERT_TRUE(blob_.SeekTo(17 * kMiB + 3).ok());
  EXPECT_EQ(blob_.position(), 17 * kMiB + 3);
  ASSERT_EQ(Opened().size(), 2u);
  EXPECT_GE(Opened()[1], 16 * kMiB);
  EXPECT_TRUE(*Read() == bytes_.substr(17 * kMiB + 3));
  EXPECT_EQ(blob_.digest(), *source_.digest);
}

TEST_F(HashedBlobTest, StaysWhereItIsWithoutOpeningAnything) {
  ASSERT_TRUE(Read(kMiB).ok());
  ASSERT_TRUE(blob_.SeekTo(kMiB).ok());
  EXPECT_THAT(Opened(), ElementsAre(0));
}

TEST_F(HashedBlobTest, GoesBackFromTheEnd) {
  ASSERT_TRUE(Read().ok());
  ASSERT_TRUE(blob_.SeekTo(0).ok());
  EXPECT_FALSE(blob_.at_end());
  EXPECT_TRUE(*Read() == bytes_);
  EXPECT_EQ(blob_.digest(), *source_.digest);
}

TEST_F(HashedBlobTest, OneByteThatDiffersIsFoundBeforeTheLastOnesAreGiven) {
  stored()[10 * kMiB] = static_cast<char>(stored()[10 * kMiB] ^ 1);
  EXPECT_EQ(ReasonOf(Read().status()), "DIGEST_MISMATCH");
}

TEST_F(HashedBlobTest, TooShortAndTooLongAreFound) {
  stored().pop_back();
  EXPECT_EQ(ReasonOf(Read().status()), "DIGEST_MISMATCH");
  stored() = bytes_ + "x";
  ASSERT_TRUE(blob_.SeekTo(0).ok());
  EXPECT_EQ(ReasonOf(Read().status()), "DIGEST_MISMATCH");
}

TEST_F(HashedBlobTest, TooShortForWhatWasReadBeforeHasChanged) {
  ASSERT_TRUE(Read(7 * kMiB).ok());
  stored().resize(2 * kMiB);
  const absl::Status status = blob_.SeekTo(6 * kMiB);
  EXPECT_EQ(ReasonOf(status), "SOURCE_CHANGED") << MessageOf(status);
}

TEST_F(HashedBlobTest, WhatWasRightOnceAndIsNoMoreHasChanged) {
  ASSERT_TRUE(Read().ok());
  stored()[0] = static_cast<char>(stored()[0] ^ 1);
  ASSERT_TRUE(blob_.SeekTo(0).ok());
  const absl::Status status = Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "SOURCE_CHANGED");
}

TEST_F(HashedBlobTest, AReadThatFailsCanBeRepeatedFromTheSamePlace) {
  bool failed = false;
  image_.before_read = [&](int64_t position) -> absl::Status {
    if (position < 9 * kMiB || std::exchange(failed, true)) return absl::OkStatus();
    return Unavailable(reason::kUpstreamUnavailable, "for a moment");
  };
  EXPECT_EQ(ReasonOf(Read().status()), "UPSTREAM_UNAVAILABLE");
  const int64_t stopped = blob_.position();
  ASSERT_TRUE(blob_.SeekTo(stopped).ok());
  EXPECT_TRUE(*Read() == bytes_.substr(static_cast<size_t>(stopped)));
  EXPECT_THAT(Opened(), ElementsAre(0, stopped));
}

TEST_F(HashedBlobTest, ACancelledCallReadsNoMore) {
  ASSERT_TRUE(Read(kMiB).ok());
  call_.RequestStop();
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kCancelled);
}

TEST(HashedBlob, ABlobWithoutADigestEndsWhereItsSourceDoes) {
  ManualClock clock;
  CallContext call(clock, std::chrono::hours(1), "r");
  fakes::MemoryImage image;
  image.AddUnpacked({{"compressed"}});
  HashedBlob blob(call, image, image.blob(0, 1), [](int64_t) {});
  const auto body = blob.Body(std::nullopt);
  EXPECT_EQ(*ReadAll(*body, 100), "compressed");
  EXPECT_TRUE(blob.at_end());
  EXPECT_EQ(blob.digest(), Digest::Of("compressed"));
}

}  // namespace
}  // namespace gantry
