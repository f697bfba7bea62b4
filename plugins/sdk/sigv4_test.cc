#include "plugins/sdk/sigv4.h"

#include <gmock/gmock.h>

namespace gantry::sdk {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNoon = 1'795'435'200'000;  // 2026-11-23T12:00:00Z
constexpr char kJson[] = "application/x-amz-json-1.1";

AwsKeys ExampleKeys(std::string_view session_token = "") {
  AwsKeys keys;
  keys.access_key_id = "AKIDEXAMPLE";
  keys.secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  keys.session_token = Secret(session_token);
  return keys;
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  return HttpResponse{0, request.headers, ""}.Header(name).value_or("");
}

std::string SignatureOf(HttpRequest request, std::string_view region, std::string_view service,
                        int64_t now = kNoon, const AwsKeys& keys = ExampleKeys()) {
  SignAwsRequest(keys, region, service, now, request);
  const std::string value = HeaderOf(request, "Authorization");
  return value.substr(value.find("Signature=") + 10);
}

HttpRequest Post(std::string url, Headers headers, std::string body) {
  return {"POST", std::move(url), std::move(headers), std::move(body), 0};
}

// Computed with botocore and with an independent implementation; the two agree.
TEST(SigV4, SignsWhatAwsAsksOfARegistrysClient) {
  const auto target = [](const char* operation) {
    return Headers{{"Content-Type", kJson}, {"X-Amz-Target", operation}};
  };
  constexpr char kPrivate[] = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
  EXPECT_EQ(SignatureOf(Post("https://api.ecr.us-east-1.amazonaws.com/", target(kPrivate), "{}"),
                        "us-east-1", "ecr"),
            "9fe755c76e74c4f0e24d41a9c9ccc386218c0a3e5e9b358fb88034bec6c4ae27");
  EXPECT_EQ(SignatureOf(Post("https://api.ecr.eu-west-1.amazonaws.com/", target(kPrivate),
                             R"({"registryIds":["123456789012"]})"),
                        "eu-west-1", "ecr", kNoon, ExampleKeys("SESSIONTOKEN")),
            "bda77178063297745dae0edc2cc03f4b77dc928a81e8c57eaab86835a5fa9a92");
  EXPECT_EQ(SignatureOf(Post("https://api.ecr-public.us-east-1.amazonaws.com/",
                             target("SpencerFrontendService.GetAuthorizationToken"), "{}"),
                        "us-east-1", "ecr-public"),
            "38575daad3d42ebcac0941e86cee96f19ac4f230c1beaf01225757800ee979c8");
  EXPECT_EQ(SignatureOf(Post("https://sts.us-east-1.amazonaws.com/",
                             {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                             "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                             "123456789012%3Arole%2Fpusher&RoleSessionName=sess1"),
                        "us-east-1", "sts"),
            "f5dfab3f570c20bbf5b3a42c958ed5a0bdaad51aed55feaa0e4d776a2e2bb51c");
}

TEST(SigV4, NamesTheKeyAndTheSignedHeaders) {
  HttpRequest request =
      Post("https://sts.us-east-1.amazonaws.com:443/",
           {{"User-Agent", "gantry"}, {"X-Goog-Cloud-Target-Resource", "//iam"}}, "");
  SignAwsRequest(ExampleKeys("T"), "us-east-1", "sts", kNoon, request);
  EXPECT_THAT(HeaderOf(request, "Authorization"),
              HasSubstr("AWS4-HMAC-SHA256 "
                        "Credential=AKIDEXAMPLE/20261123/us-east-1/sts/aws4_request, "
                        "SignedHeaders=host;x-amz-date;x-amz-security-token;"
                        "x-goog-cloud-target-resource, Signature="));
  EXPECT_EQ(HeaderOf(request, "X-Amz-Date"), "20261123T120000Z");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Security-Token"), "T");
  EXPECT_EQ(HeaderOf(request, "Host"), "sts.us-east-1.amazonaws.com");
}

TEST(SigV4, ASecondSignatureReplacesTheFirst) {
  HttpRequest once = Post("https://sts.us-east-1.amazonaws.com/", {}, "x"), twice = once;
  SignAwsRequest(ExampleKeys(), "us-east-1", "sts", kNoon + 60'000, once);
  SignAwsRequest(ExampleKeys(), "us-east-1", "sts", kNoon, twice);
  SignAwsRequest(ExampleKeys(), "us-east-1", "sts", kNoon + 60'000, twice);
  EXPECT_EQ(twice.headers, once.headers);
}

}  // namespace
}  // namespace gantry::sdk
