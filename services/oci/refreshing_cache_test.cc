#include "oci/refreshing_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace gantry {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Cache = RefreshingCache<int>;

class RefreshingCacheTest : public ::testing::Test {
 protected:
  // Fetches `value`, renewed after 75 s and dead after 100 s.
  absl::StatusOr<int> Get(int value, Cache* cache = nullptr) {
    return (cache ? cache : &cache_)->Get(call_, "k", [&]() -> absl::StatusOr<Cache::Entry> {
      ++fetches_;
      if (!failure_.ok()) return failure_;
      const MonoTime now = clock_.Mono();
      return Cache::Entry{value, now + seconds(75), now + seconds(100)};
    });
  }

  ManualClock clock_;
  CallContext call_{clock_, minutes(60), "r"};
  Cache cache_;
  absl::Status failure_;
  int fetches_ = 0;
};

TEST_F(RefreshingCacheTest, AValueIsFetchedOnceAndRenewedInTime) {
  EXPECT_EQ(*Get(1), 1);
  clock_.Advance(seconds(74));
  EXPECT_EQ(*Get(2), 1);
  clock_.Advance(seconds(1));
  EXPECT_EQ(*Get(2), 2);
  EXPECT_EQ(fetches_, 2);
}

TEST_F(RefreshingCacheTest, AFailedRenewalGoesOnWithTheOldValueWhileItLives) {
  EXPECT_EQ(*Get(1), 1);
  failure_ = Unavailable(reason::kUpstreamUnavailable, "down");
  clock_.Advance(seconds(80));
  EXPECT_EQ(*Get(2), 1);
  EXPECT_EQ(*Get(2), 1);
  EXPECT_EQ(fetches_, 2) << "the failure is not hammered on";
  clock_.Advance(seconds(20));
  EXPECT_EQ(Get(2).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(RefreshingCacheTest, AFailureIsRememberedOnlyAsLongAsAskedFor) {
  Cache remembering(seconds(5));
  failure_ = Unavailable(reason::kUpstreamUnavailable, "down");
  EXPECT_FALSE(Get(1, &remembering).ok());
  EXPECT_FALSE(Get(1, &remembering).ok());
  EXPECT_EQ(fetches_, 1);
  clock_.Advance(seconds(5));
  failure_ = absl::OkStatus();
  EXPECT_EQ(*Get(1, &remembering), 1);
}

TEST_F(RefreshingCacheTest, OnlyTheRefusedValueIsDropped) {
  EXPECT_EQ(*Get(1), 1);
  cache_.DropIf("k", [](int v) { return v == 7; });
  EXPECT_EQ(*Get(2), 1);
  cache_.DropIf("k", [](int v) { return v == 1; });
  EXPECT_EQ(*Get(2), 2);
}

TEST_F(RefreshingCacheTest, ManyWaitersShareOneFetch) {
  std::atomic<int> fetches = 0;
  std::latch ready(8);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      const auto value = cache_.Get(call_, "k", [&]() -> absl::StatusOr<Cache::Entry> {
        const int n = ++fetches;
        std::this_thread::yield();
        return Cache::Entry{n, clock_.Mono() + seconds(1), clock_.Mono() + seconds(1)};
      });
      EXPECT_EQ(*value, 1);
    });
  }
  threads.clear();
  EXPECT_EQ(fetches, 1);
}

// A leader that blocks until it is told to go on.
class Blocked {
 public:
  absl::StatusOr<Cache::Entry> operator()() {
    entered.count_down();
    released.wait();
    return result;
  }
  std::latch entered{1}, released{1};
  absl::StatusOr<Cache::Entry> result = absl::CancelledError("the leader gave up");
};

TEST_F(RefreshingCacheTest, AFetchThatThrowsLeavesTheNextOneFree) {
  EXPECT_THROW(cache_.Get(call_, "k", []() -> absl::StatusOr<Cache::Entry> {
    throw std::bad_alloc();
  }).IgnoreError(), std::bad_alloc);
  EXPECT_EQ(*Get(1), 1);
}

TEST_F(RefreshingCacheTest, AWaiterTakesOverFromALeaderThatGivesUp) {
  CallContext leaders(clock_, minutes(60), "leader");
  Blocked blocked;
  std::jthread leader(
      [&] { EXPECT_FALSE(cache_.Get(leaders, "k", [&] { return blocked(); }).ok()); });
  blocked.entered.wait();
  std::jthread waiter([&] { EXPECT_EQ(*Get(2), 2); });
  leaders.RequestStop();
  blocked.released.count_down();
  waiter.join();
  EXPECT_EQ(fetches_, 1);
}

TEST_F(RefreshingCacheTest, AWaiterGoesWhenItsOwnCallEnds) {
  Blocked blocked;
  std::jthread leader(
      [&] { EXPECT_FALSE(cache_.Get(call_, "k", [&] { return blocked(); }).ok()); });
  blocked.entered.wait();
  CallContext cancelled(clock_, minutes(60), "c");
  std::jthread waiter([&] {
    EXPECT_EQ(cache_.Get(cancelled, "k", [&] { return blocked(); }).status().code(),
              absl::StatusCode::kCancelled);
  });
  cancelled.RequestStop();
  waiter.join();
  const CallContext hasty(clock_, milliseconds(1), "h");
  EXPECT_EQ(cache_.Get(hasty, "k", [&] { return blocked(); }).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  blocked.released.count_down();
}

}  // namespace
}  // namespace gantry
