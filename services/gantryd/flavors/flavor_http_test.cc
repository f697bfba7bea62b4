#include "gantryd/flavors/flavor_http.h"

#include <gmock/gmock.h>

#include "gantryd/flavors/abi_copy.h"
#include "gantryd/flavors/test_support.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

class FlavorHttp : public ::testing::Test {
 protected:
  absl::StatusOr<HttpResponse> Send(const std::string& method, const std::string& url,
                                    HttpHeaders headers = {}, uint32_t flags = 0) {
    std::vector<gantry_kv> raw_headers;
    for (const auto& [name, value] : headers) raw_headers.push_back({ToRaw(name), ToRaw(value)});
    const gantry_http_request raw{sizeof raw,        flags,         ToRaw(method),
                                  ToRaw(url),        ToRaw("body"), raw_headers.data(),
                                  raw_headers.size()};
    const auto request = FlavorRequest::From(&raw);
    if (!request.ok()) return request.status();
    return SendForFlavor(host_, call_, *request);
  }

  ManualClock clock_;
  CallContext call_{clock_, milliseconds(60'000), "r"};
  ScriptedInstanceHost host_;
  ScriptedHttp& http_ = host_.http_client;
};

TEST_F(FlavorHttp, SendsWhatTheFlavorAskedFor) {
  http_.Answer(200, {{"X-Answer", "yes"}}, "text");
  const auto response = Send("POST", "https://api.example.com/login?x=1", {{"Accept", "a/b"}},
                             GANTRY_HTTP_SECRET_BODY);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "text");
  ASSERT_EQ(http_.requests.size(), 1u);
  EXPECT_EQ(http_.requests[0].method, "POST");
  EXPECT_EQ(http_.requests[0].url, "https://api.example.com/login?x=1");
  EXPECT_EQ(http_.requests[0].body, "body");
  EXPECT_EQ(http_.requests[0].headers.Get("accept"), "a/b");
  EXPECT_EQ(http_.requests[0].max_body_bytes, kMaxFlavorBodyBytes);
  EXPECT_TRUE(http_.requests[0].secret_body);
}

TEST_F(FlavorHttp, RefusesRequestsThatAreMalformed) {
  const std::string big(2 << 20, 'x');
  EXPECT_FALSE(Send("", "https://a.example/").ok());
  EXPECT_FALSE(Send("GET /x", "https://a.example/").ok());
  EXPECT_FALSE(Send("GET", "").ok());
  EXPECT_FALSE(Send("GET", "ftp://a.example/").ok());
  EXPECT_FALSE(Send("GET", "https://a.example/ HTTP/1.1\r\nHost: b").ok());
  EXPECT_FALSE(Send("GET", "https://a.example/" + big).ok());
  EXPECT_FALSE(Send("GET", "https://a.example/", {{"A b", "c"}}).ok());
  EXPECT_FALSE(Send("GET", "https://a.example/", {{"A", "c\r\nHost: evil"}}).ok());
  EXPECT_FALSE(Send("GET", "https://a.example/", {{"A", big}}).ok());
  EXPECT_FALSE(FlavorRequest::From(nullptr).ok());
  gantry_http_request cut{};
  cut.struct_size = 8;
  EXPECT_FALSE(FlavorRequest::From(&cut).ok());
  gantry_http_request huge{};
  huge.struct_size = sizeof huge;
  huge.method = ToRaw("POST");
  huge.url = ToRaw("https://a.example/");
  huge.body = {"x", size_t{1} << 40};
  EXPECT_FALSE(FlavorRequest::From(&huge).ok());
  huge.body = {nullptr, 0};
  huge.header_count = SIZE_MAX;
  EXPECT_FALSE(FlavorRequest::From(&huge).ok());
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(FlavorHttp, FollowsRedirectsAndLeavesCredentialsBehind) {
  http_.Answer(302, {{"Location", "/there"}});
  http_.Answer(307, {{"Location", "https://other.example/last"}});
  http_.Answer(200);
  const auto response =
      Send("GET", "https://a.example/here", {{"Authorization", "secret"}, {"Accept", "a/b"}});
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(http_.requests.size(), 3u);
  EXPECT_EQ(http_.requests[1].url, "https://a.example/there");
  EXPECT_EQ(http_.requests[1].headers.Get("Authorization"), "secret");
  EXPECT_EQ(http_.requests[2].url, "https://other.example/last");
  EXPECT_FALSE(http_.requests[2].headers.Get("Authorization").has_value());
  EXPECT_EQ(http_.requests[2].headers.Get("Accept"), "a/b");
}

TEST_F(FlavorHttp, CertificatesOfTheRegistryStayWithIt) {
  http_.Answer(302, {{"Location", "https://registry.example:8443/there"}});
  http_.Answer(302, {{"Location", "https://registry.example/back"}});
  http_.Answer(200);
  ASSERT_TRUE(Send("GET", "https://registry.example/here").ok());
  ASSERT_EQ(http_.requests.size(), 3u);
  EXPECT_EQ(http_.requests[0].transport.ca_certificate, "the registry's");
  EXPECT_EQ(http_.requests[1].transport, Transport());
  EXPECT_EQ(http_.requests[2].transport.ca_certificate, "the registry's");
}

TEST_F(FlavorHttp, RedirectsAreTheFlavorsWhenItWantsOrWhenABodyIsSent) {
  http_.Answer(302, {{"Location", "/there"}});
  EXPECT_EQ(Send("GET", "https://a.example/", {}, GANTRY_HTTP_NO_REDIRECT)->status, 302);
  EXPECT_EQ(Send("POST", "https://a.example/")->status, 302);
  EXPECT_EQ(http_.requests.size(), 2u);
  const auto endless = Send("GET", "https://a.example/");
  ASSERT_FALSE(endless.ok());
  EXPECT_THAT(std::string(MessageOf(endless.status())), HasSubstr("without end"));
}

TEST_F(FlavorHttp, RepeatsOnlyWhatMayBeRepeated) {
  http_.Answer(503);
  http_.Answer(200);
  EXPECT_EQ(Send("GET", "https://a.example/")->status, 200);
  EXPECT_EQ(http_.requests.size(), 2u);

  http_ = {};
  http_.Answer(503);
  http_.Answer(200);
  EXPECT_EQ(Send("POST", "https://a.example/")->status, 503);
  EXPECT_EQ(http_.requests.size(), 1u);
  EXPECT_EQ(Send("POST", "https://a.example/", {}, GANTRY_HTTP_IDEMPOTENT)->status, 200);
}

TEST_F(FlavorHttp, ARefusalThatStaysIsAnAnswer) {
  http_.Answer(503, {}, "down for good");
  const auto response = Send("GET", "https://a.example/");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "down for good");
  EXPECT_EQ(http_.requests.size(), 3u);
}

TEST_F(FlavorHttp, OnlyHostsOfTheCloudAreToldByHowFarTheyWereReached) {
  const auto away = Send("POST", "https://a.example/");
  EXPECT_EQ(DetailOf(away.status()).metadata.count("stage"), 1u) << away.status();
  const auto none = Send("GET", "http://169.254.170.2/", {}, GANTRY_HTTP_METADATA);
  EXPECT_EQ(none.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DetailOf(none.status()).metadata.count("stage"), 0u);
}

TEST_F(FlavorHttp, NothingIsSentWhenTheTimeIsUp) {
  http_.Answer(200);
  clock_.Advance(milliseconds(60'001));
  EXPECT_EQ(Send("GET", "https://a.example/").status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(FlavorHttp, AnAnswerThatWasCutIsAnError) {
  http_.Answer(200, {}, "begins well");
  http_.answers.back().body_cut = true;
  const auto response = Send("GET", "https://a.example/");
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(ReasonOf(response.status()), reason::kUpstreamProtocol);
}

}  // namespace
}  // namespace gantry
