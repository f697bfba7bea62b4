#include "plugins/sdk/expiring_cache.h"

#include <gtest/gtest.h>

#include "tests/conformance/fake_host.h"

namespace gantry::sdk {
namespace {

class ExpiringCacheTest : public ::testing::Test {
 protected:
  // The cached value; fetched values are "1", "2", … and live for a hundred seconds.
  std::string Get(const std::string& key = "k") {
    ExpiringCache<std::string>::Entry entry;
    const Status status = cache_.Get(
        call_, key,
        [&](ExpiringCache<std::string>::Entry& fetched) {
          ++fetches_;
          if (failing_) return MakeError(GANTRY_UNAVAILABLE, "DOWN", "down");
          fetched.value = std::make_shared<std::string>(std::to_string(fetches_));
          fetched.expires_unix_ms = life_ms_ == 0 ? 0 : host_.now_unix_ms + life_ms_;
          return Ok();
        },
        entry);
    return status.ok() ? *entry.value : status.reason;
  }

  testing::FakeHost host_;
  gantry_call raw_{std::chrono::seconds(30)};
  const Call call_{*host_.table(), &raw_};
  ExpiringCache<std::string> cache_;
  int fetches_ = 0;
  int64_t life_ms_ = 100'000;
  bool failing_ = false;
};

TEST_F(ExpiringCacheTest, AValueIsKeptForThreeQuartersOfItsLife) {
  EXPECT_EQ(Get(), "1");
  host_.now_unix_ms += 74'999;
  EXPECT_EQ(Get(), "1");
  host_.now_unix_ms += 1;
  EXPECT_EQ(Get(), "2");
  EXPECT_EQ(Get("other"), "3");
}

TEST_F(ExpiringCacheTest, AFailedRenewalIsNoFailureWhileTheOldValueLives) {
  EXPECT_EQ(Get(), "1");
  failing_ = true;
  host_.now_unix_ms += 99'999;
  EXPECT_EQ(Get(), "1");
  host_.now_unix_ms += 1;
  EXPECT_EQ(Get(), "DOWN");
}

TEST_F(ExpiringCacheTest, WhatIsForgottenIsFetchedAnew) {
  EXPECT_EQ(Get(), "1");
  cache_.Forget("k");
  EXPECT_EQ(Get(), "2");
}

TEST_F(ExpiringCacheTest, WhatDoesNotSayWhenItExpiresIsNotKept) {
  life_ms_ = 0;
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Get(), "2");
}

}  // namespace
}  // namespace gantry::sdk
