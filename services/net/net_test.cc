#include <gtest/gtest.h>

#include "base/status.h"
#include "net/address_policy.h"
#include "net/host_gate.h"
#include "net/redact.h"
#include "net/retry.h"

namespace gantry {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(RetryAfter, SecondsAndDatesButNoPastAndNoGarbage) {
  const WallTime now = std::chrono::system_clock::from_time_t(784111777);  // RFC 9110's own example
  EXPECT_EQ(ParseRetryAfter("2", now), seconds(2));
  EXPECT_EQ(ParseRetryAfter(" 86400 ", now), hours(24));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:47 GMT", now), seconds(10));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:27 GMT", now), std::nullopt);
  for (const char* bad : {"", "soon", "0", "-1", "1.5", "99999999999", "Sun, 06 Nov 1994"}) {
    EXPECT_EQ(ParseRetryAfter(bad, now), std::nullopt) << bad;
  }
}

TEST(Retry, RepeatsWhatIsUnavailableAndHonoursRetryAfter) {
  const ManualClock clock;
  const CallContext call(clock, minutes(10), "r");
  int tries = 0;
  const absl::Status s = Retry(call, RetryPolicy{}, [&]() -> absl::Status {
    if (++tries < 3) return Unavailable(reason::kUpstreamThrottled, "busy").RetryAfter(seconds(7));
    return absl::OkStatus();
  });
  EXPECT_TRUE(s.ok());
  EXPECT_EQ(clock.slept(), seconds(14));
}

TEST(Retry, GivesUpAndSaysHowOftenItTried) {
  const ManualClock clock;
  const CallContext call(clock, hours(10), "r");
  const absl::Status s = Retry(call, RetryPolicy{.max_attempts = 4}, [&]() -> absl::Status {
    return Unavailable(reason::kUpstreamUnavailable, "down").Remedy("start it");
  });
  EXPECT_EQ(MessageOf(s), "after 4 attempts: down");
  EXPECT_EQ(DetailOf(s).remedy, "start it");
}

TEST(Retry, AReusedConnectionThatBrokeIsForgivenOnce) {
  const ManualClock clock;
  const CallContext call(clock, hours(10), "r");
  int tries = 0;
  milliseconds slept{0};
  const auto fail = [&]() -> absl::Status {
    if (++tries == 2) slept = clock.slept();
    return Unavailable(reason::kUpstreamUnavailable, "broke")
        .With("connection", "reused")
        .RetryAfter(seconds(1));
  };
  const absl::Status s = Retry(call, RetryPolicy{.max_attempts = 4}, fail);
  EXPECT_EQ(slept, seconds(0));
  EXPECT_EQ(tries, 1 + 4);
  EXPECT_EQ(MessageOf(s), "after 4 attempts: broke");

  tries = 0;
  EXPECT_FALSE(Retry(call, RetryPolicy{.max_attempts = 1}, fail).ok());
  EXPECT_EQ(tries, 1) << "what is to be sent once may have arrived";
  EXPECT_EQ(clock.slept(), seconds(3));
}

TEST(Retry, WhatCannotHelpIsNotRepeated) {
  const ManualClock clock;
  const CallContext call(clock, hours(10), "r");
  int tries = 0;
  const absl::Status s = Retry(call, RetryPolicy{}, [&]() -> absl::Status {
    ++tries;
    return NotFound(reason::kImageNotFound, "no");
  });
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(s.code(), absl::StatusCode::kNotFound);
}

TEST(Redact, OnlyKnownQueryKeysKeepTheirValues) {
  EXPECT_EQ(RedactUrl("https://u:p@h:1/v2/x?digest=sha256:a&_state=secret&X-Amz-Signature=s"),
            "https://h:1/v2/x?digest=sha256:a&_state=REDACTED&X-Amz-Signature=REDACTED");
  EXPECT_EQ(RedactUrl("https://h/a@b"), "https://h/a@b");
}

TEST(AddressPolicy, FindsTheAuthorityOfAUrl) {
  EXPECT_EQ(AuthorityOf("https://r.example.com:5000/v2/?x"), "r.example.com:5000");
  EXPECT_EQ(AuthorityOf("http://[::1]:5000?x=/"), "[::1]:5000");
  EXPECT_EQ(AuthorityOf("https://r.example.com"), "r.example.com");
  EXPECT_EQ(AuthorityOf("r.example.com/v2/"), "");
}

TEST(AddressPolicy, LoopbackIsOnlyLoopback) {
  for (const char* host : {"localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000",
                           "registry.localhost"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]",
                           "notlocalhost", "128.0.0.1"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(AddressPolicy, KnowsLiteralPrivateHosts) {
  for (const char* host :
       {"127.0.0.1", "10.1.2.3:80", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "[::1]:5000", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[::]"}) {
    EXPECT_TRUE(IsLiteralPrivateHost(host)) << host;
  }
  for (const char* host :
       {"8.8.8.8", "172.32.0.1", "[2001:4860::1]:443", "localhost", "example.com"}) {
    EXPECT_FALSE(IsLiteralPrivateHost(host)) << host;
  }
}

}  // namespace
}  // namespace gantry
