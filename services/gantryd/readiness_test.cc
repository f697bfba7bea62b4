#include "gantryd/readiness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>

#include "base/status.h"
#include "tests/fakes/memory_store.h"

namespace gantry {
namespace {

TEST(Readiness, TellsWhenTheStateIsGoneAndWhenItIsBack) {
  const ManualClock clock;
  MemoryStore store(clock);
  std::atomic<bool> there = true;
  store.on_check = [&]() -> absl::Status {
    if (there) return absl::OkStatus();
    throw std::runtime_error("no disk");  // or an error: see store.h
  };
  std::latch looked(2), gone(1), back(1);
  std::atomic<int> looks = 0;
  store.on_check = [&, check = store.on_check] {
    if (++looks <= 2) looked.count_down();
    return check();
  };
  std::atomic<int> told = 0;
  Readiness readiness(clock, store, [&](bool ready) {
    ++told;
    (ready ? back : gone).count_down();
  });
  looked.wait();
  EXPECT_EQ(told, 0) << "it was ready all the time";
  there = false;
  gone.wait();
  there = true;
  back.wait();
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace gantry
