#include "net/host_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class HostGateTest : public ::testing::Test {
 protected:
  HostGate::Place Enter() {
    auto place = gate_.Enter(call_);
    EXPECT_TRUE(place.ok()) << place.status();
    return *std::move(place);
  }
  // The host refuses one request, and takes one at a time from then on.
  void LimitToOne() { Enter().OnThrottled(clock_, milliseconds(0)); }
  milliseconds SleptFor(const std::function<void()>& action) {
    const milliseconds before = clock_.slept();
    action();
    return clock_.slept() - before;
  }

  ManualClock clock_;
  CallContext call_{clock_, hours(1), "r"};
  HostGate gate_;
};

TEST_F(HostGateTest, EverybodyWaitsForWhatOneWasTold) {
  HostGates gates;
  gates.For("a")->Enter(call_)->OnThrottled(clock_, seconds(3));
  EXPECT_TRUE(gates.For("b")->Enter(call_).ok());
  EXPECT_EQ(clock_.slept(), seconds(0));
  EXPECT_TRUE(gates.For("a")->Enter(call_).ok());
  EXPECT_EQ(clock_.slept(), seconds(3));
  gates.For("a")->Enter(call_, HostGate::Pass::kOpening)->OnThrottled(clock_, seconds(4));
  EXPECT_TRUE(gates.For("a")->Enter(call_, HostGate::Pass::kOpening).ok());
  EXPECT_EQ(clock_.slept(), seconds(7));
}

TEST_F(HostGateTest, AWaitThatIsTooLongFailsAtOnceAndSaysHowLong) {
  const CallContext patient(clock_, hours(48), "r");
  Enter().OnThrottled(clock_, hours(24));
  for (const auto pass : {HostGate::Pass::kPlace, HostGate::Pass::kOpening}) {
    const absl::Status s = gate_.Enter(patient, pass).status();
    EXPECT_THAT(s, FailsWith(StatusCode::kUnavailable, reason::kUpstreamThrottled));
    EXPECT_EQ(DetailOf(s).retry_after, hours(24));
  }
  EXPECT_EQ(clock_.slept(), seconds(0));
}

TEST_F(HostGateTest, PausesOfItsOwnGrowUntilThereIsCalm) {
  for (const int expected : {1, 2, 4, 8, 16, 30, 30}) {
    Enter().OnThrottled(clock_, std::nullopt);
    const milliseconds slept = SleptFor([&] { Enter(); });
    EXPECT_GE(slept, seconds(expected));
    EXPECT_LE(slept, milliseconds(1500) * expected);
  }
  for (int i = 0; i < 8; ++i) Enter().OnAnswer(clock_);
  Enter().OnThrottled(clock_, std::nullopt);
  EXPECT_LE(SleptFor([&] { Enter(); }), milliseconds(1500));
}

TEST_F(HostGateTest, PausesOfItsOwnAreNotTheSameForAll) {
  std::set<milliseconds> pauses;
  for (int i = 0; i < 20; ++i) {
    HostGate gate;
    gate.Enter(call_)->OnThrottled(clock_, std::nullopt);
    pauses.insert(SleptFor([&] { EXPECT_TRUE(gate.Enter(call_).ok()); }));
  }
  EXPECT_GT(pauses.size(), 1u);
}

TEST_F(HostGateTest, AHostThatNeverSays429MakesNobodyWait) {
  std::vector<HostGate::Place> places;
  for (int i = 0; i < 1000; ++i) places.push_back(Enter());
}

TEST_F(HostGateTest, APlaceIsFreeWhenItsRequestIsOver) {
  LimitToOne();
  std::optional<HostGate::Place> held(Enter());
  std::atomic<bool> over = false;
  std::thread waiter([&] {
    Enter();
    EXPECT_TRUE(over);
  });
  over = true;
  held.reset();
  waiter.join();
}

TEST_F(HostGateTest, WhatARequestInFlightMayDependOnWaitsForNoPlaceAndTakesNone) {
  LimitToOne();
  const HostGate::Place upload = Enter();
  {
    const auto download = gate_.Enter(call_, HostGate::Pass::kOpening);
    EXPECT_TRUE(download.ok());
  }
  const CallContext hasty(clock_, milliseconds(0), "r");
  EXPECT_FALSE(gate_.Enter(hasty).ok()) << "the upload has its place still";
}

TEST_F(HostGateTest, ADeadlineEndsTheWaitForAPlace) {
  const SystemClock clock;
  const CallContext call(clock, milliseconds(20), "r");
  gate_.Enter(call)->OnThrottled(clock, milliseconds(0));
  const auto held = gate_.Enter(call);
  ASSERT_TRUE(held.ok());
  const absl::Status s = gate_.Enter(call).status();
  EXPECT_THAT(s, FailsWith(StatusCode::kUnavailable, reason::kUpstreamThrottled));
  EXPECT_NE(DetailOf(s).remedy, "");
}

TEST_F(HostGateTest, WhoIsCancelledWhileWaitingLetsTheNextOneIn) {
  LimitToOne();
  std::optional<HostGate::Place> held(Enter());
  CallContext cancelled(clock_, hours(1), "r");
  std::thread first(
      [&] { EXPECT_EQ(gate_.Enter(cancelled).status().code(), StatusCode::kCancelled); });
  std::thread second([&] { Enter(); });
  cancelled.RequestStop();
  first.join();
  held.reset();
  second.join();
}

// Goes by itself, and can be put forward.
class ShiftedClock final : public Clock {
 public:
  WallTime Now() const override { return std::chrono::system_clock::now(); }
  MonoTime Mono() const override { return std::chrono::steady_clock::now() + shift; }
  bool Sleep(milliseconds, std::stop_token) const override { return false; }

  MonoTime::duration shift{0};
};

TEST_F(HostGateTest, WhoWaitsSeesThatTimeHasMadeRoom) {
  ShiftedClock clock;
  const CallContext call(clock, minutes(1) + seconds(20), "r");
  gate_.Enter(call)->OnThrottled(clock, milliseconds(0));
  clock.shift = minutes(1) - milliseconds(30);
  const auto held = gate_.Enter(call);
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE(gate_.Enter(call).ok());
  EXPECT_GT(call.Remaining(), seconds(10)) << "a moment later, not when its time was up";
}

TEST_F(HostGateTest, NobodyIsForgottenAndNoMoreAreInFlightThanMayBe) {
  constexpr int kThreads = 8, kRequests = 300;
  LimitToOne();
  std::atomic<int> in_flight = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kRequests; ++n) {
        HostGate::Place place = Enter();
        const int now = ++in_flight;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        place.OnAnswer(clock_);
        --in_flight;
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kRequests);
  EXPECT_EQ(most, 1) << "one was refused, and no minute has passed";
}

}  // namespace
}  // namespace gantry
