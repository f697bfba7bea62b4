#include "net/in_flight_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace gantry {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr MonoTime kStart{std::chrono::hours(1)};

class InFlightLimitTest : public ::testing::Test {
 protected:
  // Sends what may be sent, up to `wanted`, to a host that takes `capacity` at once, and tells what
  // it answered.  Returns how many were sent.
  int Burst(int wanted, int capacity) {
    std::vector<int> rounds;
    while (static_cast<int>(rounds.size()) < wanted && limit_.HasRoom(now_)) {
      limit_.Enter();
      rounds.push_back(limit_.round());
    }
    const int sent = static_cast<int>(rounds.size());
    for (int i = 0; i < sent; ++i) {
      if (i >= capacity) {
        ++refusals_;
        limit_.OnThrottled(rounds[static_cast<size_t>(i)]);
        limit_.RestUntil(now_);
      } else {
        limit_.OnAnswer(rounds[static_cast<size_t>(i)], now_);
      }
    }
    for (int i = 0; i < sent; ++i) limit_.Leave();
    return sent;
  }

  InFlightLimit limit_;
  MonoTime now_ = kStart;
  int refusals_ = 0;
};

TEST_F(InFlightLimitTest, ThereIsNoneBeforeTheFirst429) { EXPECT_EQ(Burst(1000, 1000), 1000); }

TEST_F(InFlightLimitTest, ABurstThatIsRefusedHalvesItOnce) {
  EXPECT_EQ(Burst(16, 3), 16);
  EXPECT_EQ(refusals_, 13);
  EXPECT_EQ(Burst(16, 16), 8);
}

TEST_F(InFlightLimitTest, WhatWasSentBeforeACutSaysNothingAfterIt) {
  Burst(2, 0);
  for (int i = 0; i < 100; ++i) limit_.OnAnswer(/*round=*/0, now_);
  limit_.OnThrottled(/*round=*/0);
  EXPECT_EQ(Burst(9, 9), 1);
  EXPECT_EQ(limit_.round(), 1);
}

TEST_F(InFlightLimitTest, ItSettlesAtWhatTheHostTakes) {
  for (int i = 0; i < 30; ++i) Burst(8, 3);
  const int before = refusals_;
  for (int i = 0; i < 100; ++i) EXPECT_LE(Burst(8, 3), 3);
  EXPECT_EQ(refusals_, before);
  EXPECT_LE(before, 8);
  EXPECT_EQ(Burst(8, 3), 3) << "all that it takes";
}

TEST_F(InFlightLimitTest, OneIsAlwaysAllowed) {
  for (int i = 0; i < 10; ++i) EXPECT_GE(Burst(4, 0), 1);
  EXPECT_EQ(Burst(4, 0), 1);
}

TEST_F(InFlightLimitTest, EightAnswersGiveOneBack) {
  Burst(16, 15);
  for (int most = 8; most < 15; ++most) {
    for (int answers = 0; answers < 8; ++answers) EXPECT_EQ(Burst(1, 1), 1);
    for (int i = 0; i <= most; ++i) {
      ASSERT_TRUE(limit_.HasRoom(now_)) << most;
      limit_.Enter();
    }
    EXPECT_FALSE(limit_.HasRoom(now_)) << most;
    for (int i = 0; i <= most; ++i) limit_.Leave();
  }
}

TEST_F(InFlightLimitTest, TimeGivesBackToo) {
  Burst(8, 7);
  EXPECT_EQ(limit_.NextStep(), kStart + seconds(10));
  now_ += seconds(9);
  EXPECT_EQ(Burst(8, 0), 4);
  EXPECT_EQ(Burst(8, 8), 2);
  now_ = kStart + seconds(9 + 10);
  for (int i = 0; i < 3; ++i) limit_.Enter();
  EXPECT_FALSE(limit_.HasRoom(now_)) << "one more";
  now_ += minutes(30);
  EXPECT_TRUE(limit_.HasRoom(now_));
}

TEST_F(InFlightLimitTest, WhatWasRefusedIsTriedAgainOneByOneEachMinute) {
  Burst(5, 4);
  for (int i = 0; i < 50; ++i) Burst(5, 4);
  EXPECT_EQ(refusals_, 1);
  now_ += minutes(1);
  Burst(5, 4);
  EXPECT_EQ(refusals_, 2) << "five again";
  for (int i = 0; i < 50; ++i) Burst(5, 4);
  EXPECT_EQ(refusals_, 2);
}

TEST_F(InFlightLimitTest, OneThatWasRefusedAloneIsNotForEver) {
  Burst(1, 0);
  now_ += minutes(1) - seconds(1);
  EXPECT_EQ(Burst(2, 2), 1);
  now_ += seconds(1);
  EXPECT_EQ(Burst(2, 2), 2);
}

TEST_F(InFlightLimitTest, ALongRestIsNoCalm) {
  limit_.Enter();
  limit_.OnThrottled(limit_.round());
  limit_.RestUntil(now_ + minutes(5));
  now_ += minutes(5);
  EXPECT_FALSE(limit_.HasRoom(now_));
}

TEST_F(InFlightLimitTest, CountsCutsUntilThereIsCalm) {
  for (int cuts = 1; cuts < 4; ++cuts) {
    Burst(4, 0);
    EXPECT_EQ(limit_.cuts_in_a_row(), cuts);
  }
  for (int i = 0; i < 7; ++i) Burst(1, 1);
  EXPECT_EQ(limit_.cuts_in_a_row(), 3);
  Burst(1, 1);
  EXPECT_EQ(limit_.cuts_in_a_row(), 0);
}

}  // namespace
}  // namespace gantry
