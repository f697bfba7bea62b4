#include "plugins/sdk/upstream_error.h"

#include <gmock/gmock.h>

namespace gantry::sdk {
namespace {

using ::testing::HasSubstr;

TEST(UpstreamError, SaysWhoRefusedWhatAndWhy) {
  const Status status = UpstreamError("sts.example", "the assumed role", {403, {}, ""},
                                      "AccessDenied", "not authorized");
  EXPECT_EQ(status.code, GANTRY_PERMISSION_DENIED);
  EXPECT_EQ(status.reason, "UPSTREAM_DENIED");
  EXPECT_EQ(status.message,
            "sts.example refused the assumed role (HTTP 403, AccessDenied): not authorized");
  EXPECT_THAT(status.metadata,
              ::testing::Contains(std::make_pair("upstreamCode", "AccessDenied")));
}

TEST(UpstreamError, KnowsWhatIsWorthAnotherTry) {
  const Status throttled = UpstreamError("h", "x", {429, {{"Retry-After", "7"}}, ""}, "", "");
  EXPECT_EQ(throttled.code, GANTRY_UNAVAILABLE);
  EXPECT_EQ(throttled.reason, "UPSTREAM_THROTTLED");
  EXPECT_EQ(throttled.retry_after_ms, 7000);
  EXPECT_EQ(UpstreamError("h", "x", {503, {}, ""}, "", "").reason, "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(UpstreamError("h", "x", {401, {}, ""}, "", "").reason, "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(UpstreamError("h", "x", {404, {}, ""}, "", "").reason, "UPSTREAM_REJECTED");
}

TEST(UpstreamError, OnlyATokenEndpointRefusesALoginWith400) {
  const HttpResponse bad{400, {}, ""};
  EXPECT_EQ(UpstreamError("h", "x", bad, "INVALID_ARGUMENT", "").reason, "UPSTREAM_REJECTED");
  const Status refused = TokenRefusal("h", "x", bad, "invalid_grant", "expired");
  EXPECT_EQ(refused.code, GANTRY_FAILED_PRECONDITION);
  EXPECT_EQ(refused.reason, "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(refused.message, "h refused x (HTTP 400, invalid_grant): expired");
  for (const int status : {401, 403, 404, 429, 503}) {
    EXPECT_EQ(TokenRefusal("h", "x", {status, {}, ""}, "", "").reason,
              UpstreamError("h", "x", {status, {}, ""}, "", "").reason)
        << status;
  }
}

TEST(UpstreamError, CutsLongTexts) {
  const Status status = UpstreamError("h", "x", {400, {}, ""}, "", std::string(10'000, 'y'));
  EXPECT_LT(status.message.size(), 600u);
}

}  // namespace
}  // namespace gantry::sdk
