#include "plugins/sdk/timestamp.h"

#include <gtest/gtest.h>

namespace gantry::sdk {
namespace {

TEST(Timestamp, ReadsRfc3339) {
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTimestamp("2026-11-23T12:00:00Z"), 1'795'435'200'000);
  EXPECT_EQ(ParseTimestamp("2026-11-23T12:00:00.1234567Z"), 1'795'435'200'123);
  EXPECT_EQ(ParseTimestamp("2026-11-23T12:00:00.5+00:00"), 1'795'435'200'500);
  EXPECT_EQ(ParseTimestamp("2026-11-23T14:30:00+02:30"), 1'795'435'200'000);
  EXPECT_EQ(ParseTimestamp("2026-11-23T10:00:00-02:00"), 1'795'435'200'000);
  EXPECT_EQ(ParseTimestamp("2028-02-29T00:00:00Z"), 1'835'395'200'000);
}

TEST(Timestamp, WhatIsNoTimeIsNothing) {
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T12:00:00", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T12:00:00Zx", "2026-11-23T12:00:00+0200", "26-11-23T12:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-23T12:60:00Z", "1969-12-31T23:59:59Z"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

TEST(Timestamp, WritesTheBasicForm) {
  EXPECT_EQ(BasicTimestamp(1'795'435'200'999), "20261123T120000Z");
  EXPECT_EQ(BasicTimestamp(0), "19700101T000000Z");
}

TEST(Timestamp, TheEarlierEndCountsAndNoneIsNoEnd) {
  EXPECT_EQ(EarlierEnd(1, 2), 1);
  EXPECT_EQ(EarlierEnd(2, 1), 1);
  EXPECT_EQ(EarlierEnd(0, 2), 2);
  EXPECT_EQ(EarlierEnd(2, 0), 2);
  EXPECT_EQ(EarlierEnd(0, 0), 0);
}

}  // namespace
}  // namespace gantry::sdk
