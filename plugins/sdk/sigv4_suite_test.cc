// AWS's published test suite for Signature Version 4, the part that signs by header: requests, and
// the Authorization headers that they must get.
//
// AWS Signature Version 4 Test Suite, Copyright Amazon.com, Inc. or its affiliates;
// SPDX-License-Identifier: Apache-2.0.  The values are those of
// tests/aws-signing-test-suite/v4/*/header-signed-request.txt in github.com/awslabs/aws-c-auth.
//
// A signature is a hash over the string to sign, which holds the hash of the canonical request:
// where it is the suite's, both of them are, to the byte.
//
// Cases of the suite that are not here:
// - query-*: signing by query, for links.  No login and no API call here makes one.
// - *-unnormalized: S3 alone leaves paths as they are, and is never signed for here.
// - get-header-value-multiline: folded lines, which HTTP no longer has (RFC 9112, 5.2).
// - post-sts-header-after: a session token that is sent unsigned, as no service here asks for.
// - post-unsigned-payload: S3's way to leave the body out of the signature.
// - v4a: signatures for several regions at once.  ECR and STS take none.
// - get-vanilla, get-vanilla-query-order-key, get-vanilla-query-order-value, post-header-key-case,
//   post-vanilla-empty-query-value: their files could not be had, and nothing is made up for them.
#include <gmock/gmock.h>

#include <ostream>

#include "plugins/sdk/encoding.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::sdk {
namespace {

constexpr int64_t kSuiteTime = 1'440'938'160'000;  // 2015-08-30T12:36:00Z

struct Case {
  const char* name;
  const char* method;
  const char* target;  // as the suite writes it, before any encoding
  Headers headers;
  const char* body;
  const char* session_token;
  const char* signed_headers;
  const char* signature;

  friend std::ostream& operator<<(std::ostream& out, const Case& item) { return out << item.name; }
};

constexpr char kUnreserved[] =
    "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr char kUnreservedQuery[] =
    "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr char kDate[] = "host;x-amz-date";
constexpr char kHeader1[] = "host;my-header1;x-amz-date";
constexpr char kForm[] = "content-length;content-type;host;x-amz-content-sha256;x-amz-date";
constexpr char kWithToken[] = "host;x-amz-date;x-amz-security-token";
constexpr char kToken[] =
    "AQoDYXdzEPT//////////"
    "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo"
    "IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/"
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5V"
    "SXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
    "scqKmlzm8FDrypNC9Yj"
    "c8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
constexpr char kFormHash[] = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
constexpr char kPlain[] = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

const Case kCases[] = {
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "",
     "",
     kHeader1,
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order",
     "GET",
     "/",
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     "",
     "",
     kHeader1,
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-relative-normalized", "GET", "/example/..", {}, "", "", kDate, kPlain},
    {"get-relative-relative-normalized",
     "GET",
     "/example1/example2/../..",
     {},
     "",
     "",
     kDate,
     kPlain},
    {"get-slash-dot-slash-normalized", "GET", "/./", {}, "", "", kDate, kPlain},
    {"get-slash-normalized", "GET", "//", {}, "", "", kDate, kPlain},
    {"get-slash-pointless-dot-normalized",
     "GET",
     "/./example",
     {},
     "",
     "",
     kDate,
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes-normalized",
     "GET",
     "//example//",
     {},
     "",
     "",
     kDate,
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-space-normalized",
     "GET",
     "/example space/",
     {},
     "",
     "",
     kDate,
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-unreserved",
     "GET",
     kUnreserved,
     {},
     "",
     "",
     kDate,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/\u1234",
     {},
     "",
     "",
     kDate,
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/?Param1=value1",
     {},
     "",
     "",
     kDate,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query", "GET", "/", {}, "", "", kDate, kPlain},
    {"get-vanilla-query-order-encoded",
     "GET",
     "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {},
     "",
     "",
     kDate,
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     "",
     kDate,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-unreserved",
     "GET",
     kUnreservedQuery,
     {},
     "",
     "",
     kDate,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/?\u1234=bar",
     {},
     "",
     "",
     kDate,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-vanilla-with-session-token",
     "GET",
     "/",
     {},
     "",
     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
     kWithToken,
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"post-header-key-sort",
     "POST",
     "/",
     {{"My-Header1", "value1"}},
     "",
     "",
     kHeader1,
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     {{"My-Header1", "VALUE1"}},
     "",
     "",
     kHeader1,
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-sts-header-before",
     "POST",
     "/",
     {},
     "",
     kToken,
     kWithToken,
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "",
     "",
     kDate,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {},
     "",
     "",
     kDate,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded"},
      {"Content-Length", "13"},
      {"x-amz-content-sha256", kFormHash}},
     "Param1=value1",
     "",
     kForm,
     "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
    {"post-x-www-form-urlencoded-parameters",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
      {"Content-Length", "13"},
      {"x-amz-content-sha256", kFormHash}},
     "Param1=value1",
     "",
     kForm,
     "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
    // The suite of 2015 has this case without the headers that later ones add.
    {"post-x-www-form-urlencoded-2015",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded"}},
     "Param1=value1",
     "",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

// The query as it stands in a URL: whoever makes one has encoded it.
std::string InUrl(std::string_view target) {
  std::string url;
  const size_t query = std::min(target.find('?'), target.size());
  url.append(target.substr(0, query));
  for (const char c : target.substr(query)) {
    url += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : UrlEncode(std::string(1, c));
  }
  return url;
}

class SigV4Suite : public ::testing::TestWithParam<Case> {};

TEST_P(SigV4Suite, SignsAsPublished) {
  const Case& item = GetParam();
  AwsKeys keys;
  keys.access_key_id = "AKIDEXAMPLE";
  keys.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  keys.session_token = Secret(item.session_token);
  HttpRequest request;
  request.method = item.method;
  request.url = "https://example.amazonaws.com" + InUrl(item.target);
  request.headers = item.headers;
  request.body = item.body;
  SignAwsRequest(keys, "us-east-1", "service", kSuiteTime, request);
  EXPECT_EQ(HttpResponse({0, request.headers, ""}).Header("Authorization").value_or(""),
            std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                        "aws4_request, SignedHeaders=") +
                item.signed_headers + ", Signature=" + item.signature);
}

INSTANTIATE_TEST_SUITE_P(Published, SigV4Suite, ::testing::ValuesIn(kCases), [](const auto& item) {
  std::string name(item.param.name);
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace gantry::sdk
