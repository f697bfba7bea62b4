#include "push/held_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/fakes/memory_image.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;

class HeldPartTest : public ::testing::Test {
 protected:
  HeldPartTest() { image_.bytes[source_.key()] = "0123456789"; }

  // What it holds after it was filled, or the reason why it was not.
  std::string Fill(int64_t offset, int64_t most) {
    const absl::Status status = part_.Fill(offset, most);
    if (!status.ok()) return ReasonOf(status);
    return *ReadAll(*part_.Body(), 100);
  }
  std::vector<int64_t> Opened() const {
    std::vector<int64_t> offsets;
    for (const auto& [key, offset] : image_.opened()) offsets.push_back(offset);
    return offsets;
  }

  fakes::MemoryImage image_;
  ManualClock clock_;
  CallContext call_{clock_, std::chrono::hours(1), "r"};
  const SourceBlob source_{"", std::nullopt, 0, Digest::Of("unpacked"), {}};
  HashedBlob blob_{call_, image_, source_, [](int64_t) {}};
  HeldPart part_{blob_};
};

TEST_F(HeldPartTest, PartsFollowEachOtherToTheEnd) {
  EXPECT_EQ(Fill(0, 4), "0123");
  EXPECT_EQ(Fill(4, 4), "4567");
  EXPECT_FALSE(blob_.at_end());
  EXPECT_EQ(Fill(8, 4), "89");
  EXPECT_TRUE(blob_.at_end());
  EXPECT_EQ(Fill(10, 4), "");
  EXPECT_EQ(blob_.digest(), Digest::Of("0123456789"));
  EXPECT_THAT(Opened(), ElementsAre(0));
}

TEST_F(HeldPartTest, ABlobThatEndsWithAPartHasAnEmptyOneAfterIt) {
  EXPECT_EQ(Fill(0, 10), "0123456789");
  EXPECT_EQ(Fill(10, 10), "");
  EXPECT_TRUE(blob_.at_end());
}

TEST_F(HeldPartTest, WhatItHasIsNotReadAgain) {
  EXPECT_EQ(Fill(0, 6), "012345");
  EXPECT_EQ(Fill(2, 6), "234567") << "and what follows it is";
  EXPECT_EQ(Fill(2, 6), "234567");
  EXPECT_THAT(Opened(), ElementsAre(0));
}

TEST_F(HeldPartTest, ElsewhereItReadsAnew) {
  EXPECT_EQ(Fill(0, 4), "0123");
  EXPECT_EQ(Fill(4, 4), "4567");
  EXPECT_EQ(Fill(2, 4), "2345") << "before what it has";
  EXPECT_EQ(Fill(2, 3), "234") << "less than it has";
  EXPECT_EQ(Fill(5, 9), "56789");
  ASSERT_TRUE(blob_.SeekTo(0).ok());
  EXPECT_EQ(Fill(5, 9), "56789") << "after another has moved the blob";
  EXPECT_EQ(blob_.digest(), Digest::Of("0123456789"));
}

TEST_F(HeldPartTest, AReadThatFailsIsGoneOnWith) {
  bool failed = false;
  image_.before_read = [&](int64_t position) -> absl::Status {
    if (position < 3 || std::exchange(failed, true)) return absl::OkStatus();
    return Unavailable(reason::kUpstreamUnavailable, "for a moment");
  };
  EXPECT_EQ(Fill(0, 3), "012");
  EXPECT_EQ(Fill(1, 6), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(Fill(1, 6), "123456");
  EXPECT_THAT(Opened(), ElementsAre(0, 3));
}

}  // namespace
}  // namespace gantry
