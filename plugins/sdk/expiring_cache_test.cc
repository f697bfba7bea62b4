#include "plugins/sdk/expiring_cache.h"

#include <gtest/gtest.h>

#include "tests/conformance/fake_host.h"

namespace gantry::sdk {
namespace {

class ExpiringCacheTest : public ::testing::Test {
 protected:
  using Entry = ExpiringCache<std::string>::Entry;

  // Fetched values are "1", "2", … and live for a hundred seconds.
  Status Fetch(Entry& fetched) {
    ++fetches_;
    if (failing_) return MakeError(GANTRY_UNAVAILABLE, "DOWN", "down");
    fetched.value = std::make_shared<std::string>(std::to_string(fetches_));
    fetched.expires_unix_ms = life_ms_ == 0 ? 0 : host_.now_unix_ms + life_ms_;
    return Ok();
  }

  // The cached value, or the reason why there is none.
  std::string Get(const std::string& key = "k") {
    Entry entry;
    const Status status =
        cache_.Get(call_, key, [this](Entry& fetched) { return Fetch(fetched); }, entry);
    return status.ok() ? *entry.value : status.reason;
  }

  // What With uses, one after the other, where the cloud refuses the value `refused`; with the
  // reason of a failure behind it.
  std::string With(const std::string& refused) {
    std::string used;
    const Status status = cache_.With(
        call_, "k", [this](Entry& fetched) { return Fetch(fetched); },
        [](const Status& s) { return s.reason == "REFUSED"; },
        [&](const Entry& entry) {
          used += *entry.value;
          if (*entry.value != refused) return Ok();
          return MakeError(GANTRY_PERMISSION_DENIED, "REFUSED", "");
        });
    return used + status.reason;
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

TEST_F(ExpiringCacheTest, AKeptValueThatIsRefusedIsFetchedAnewOnce) {
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(With("1"), "12");
  EXPECT_EQ(With("1"), "2");
  EXPECT_EQ(With("2"), "23");
}

TEST_F(ExpiringCacheTest, ANewValueThatIsRefusedIsNotFetchedAgain) {
  EXPECT_EQ(With("1"), "1REFUSED");
  EXPECT_EQ(fetches_, 1);
}

TEST_F(ExpiringCacheTest, ARefusedValueIsNotUsedAgainWhereNoNewOneCanBeHad) {
  EXPECT_EQ(Get(), "1");
  failing_ = true;
  EXPECT_EQ(With("1"), "1DOWN");
  EXPECT_EQ(Get(), "DOWN");
}

TEST_F(ExpiringCacheTest, WhatDoesNotSayWhenItExpiresIsNotKept) {
  life_ms_ = 0;
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Get(), "2");
}

}  // namespace
}  // namespace gantry::sdk
