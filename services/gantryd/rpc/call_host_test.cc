// Which calls are let in.
#include "gantryd/rpc/call_host.h"

#include <gtest/gtest.h>

#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

class CallHostTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  Executor calls_{"calls", 1, 1}, pushes_{"push", 1, 1};
  CallHost host_{clock_, {calls_, milliseconds(1)}, {calls_, milliseconds(1)}, pushes_};
};

TEST_F(CallHostTest, NoCallIsLetInOnceTheDaemonDrains) {
  EXPECT_TRUE(host_.Admit().ok());
  host_.draining = true;
  const absl::Status refused = host_.Admit();
  EXPECT_THAT(refused, FailsWith(absl::StatusCode::kUnavailable, reason::kDraining));
  EXPECT_TRUE(DetailOf(refused).retry_after.has_value());
}

TEST(TimeoutOf, LeavesTimeForTheAnswerToTravel) {
  constexpr milliseconds kCeiling{60'000};
  EXPECT_EQ(TimeoutOf(milliseconds::max(), kCeiling), kCeiling);
  EXPECT_EQ(TimeoutOf(milliseconds(30'000), kCeiling), milliseconds(29'500));
  EXPECT_EQ(TimeoutOf(milliseconds(1'000), kCeiling), milliseconds(900));
  EXPECT_EQ(TimeoutOf(milliseconds(-5), kCeiling), milliseconds(-5)) << "has passed already";
}

TEST_F(CallHostTest, AFullQueueIsWorthAnotherTry) {
  const absl::Status refused = Overloaded();
  EXPECT_THAT(refused, FailsWith(absl::StatusCode::kResourceExhausted, reason::kOverloaded));
  EXPECT_TRUE(DetailOf(refused).retry_after.has_value());
}

}  // namespace
}  // namespace gantry
