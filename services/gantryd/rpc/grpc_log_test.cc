#include "gantryd/rpc/grpc_log.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(GrpcLogLimit, TenMessagesOfAMinuteAreWrittenAndTheRestCounted) {
  ManualClock clock;
  GrpcLogLimit limit;
  int written = 0;
  for (int i = 0; i < 25; ++i) {
    const auto verdict = limit.OnMessage(clock.Mono());
    EXPECT_EQ(verdict.withheld, 0);
    written += verdict.write;
  }
  EXPECT_EQ(written, 10);
  clock.Advance(std::chrono::seconds(59));
  EXPECT_FALSE(limit.OnMessage(clock.Mono()).write);
  clock.Advance(std::chrono::seconds(1));
  const auto next = limit.OnMessage(clock.Mono());
  EXPECT_TRUE(next.write);
  EXPECT_EQ(next.withheld, 16);
  clock.Advance(std::chrono::minutes(5));
  EXPECT_EQ(limit.OnMessage(clock.Mono()).withheld, 0) << "told once";
}

}  // namespace
}  // namespace gantry
