// AWS as the tests of this flavor script it: configurations, keys, and who answers what.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/sdk/encoding.h"
#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"

namespace gantry::testing {
inline constexpr char kHost[] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
inline constexpr char kEcr[] = "https://api.ecr.eu-west-1.amazonaws.com/";
inline constexpr char kSts[] = "https://sts.eu-west-1.amazonaws.com/";
inline constexpr char kSession[] =
    "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>t</SessionToken><Expiration>2026-11-23T13:00:00Z</Expiration></Credentials>";

inline std::string Config(const std::string& uri, const std::string& method,
                          const std::string& fields = "", const std::string& config = "{}") {
  return R"({"uri": ")" + uri + R"(", "default_repository": "", "config": )" + config +
         R"(, "connector": {"type": "aws", "auth_method": ")" + method +
         R"(", "config": {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE")" + fields +
         R"(}, "expires_unix_ms": null}})";
}

inline sdk::HttpResponse Refusal(const std::string& code, const std::string& message) {
  return {
      400, {}, R"({"__type": "com.amazonaws.ecr#)" + code + R"(", "message": ")" + message + "\"}"};
}

class AwsFlavor : public ::testing::Test {
 protected:
  AwsFlavor() {
    host_.secrets = {{"aws_secret_access_key", "s3cr3t"}, {"aws_session_token", "tok"}};
    host_.on_http = [this](const sdk::HttpRequest& request) { return Answer(request); };
  }
  void TearDown() override { EXPECT_THAT(host_.faults(), ::testing::IsEmpty()); }

  // By X-Amz-Target's operation, or STS's action; a scripted answer comes once.
  sdk::HttpResponse Answer(const sdk::HttpRequest& request) {
    std::string what =
        sdk::HttpResponse{0, request.headers, ""}.Header("X-Amz-Target").value_or("");
    what = what.empty() ? request.body.substr(7, request.body.find('&') - 7)
                        : what.substr(what.find('.') + 1);
    asked_.push_back(what);
    urls_.push_back(request.url);
    last_body_ = request.body;
    if (const auto it = once_.find(what); it != once_.end()) {
      sdk::HttpResponse answer = it->second;
      once_.erase(it);
      return answer;
    }
    if (what == "GetAuthorizationToken") return Token();
    if (what == "GetCallerIdentity") {
      return {
          200, {}, "<Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>"};
    }
    return {200, {}, request.url.find("//sts.") != std::string::npos ? kSession : "{}"};
  }
  sdk::HttpResponse Token() const {
    const std::string data = R"({"authorizationToken": ")" + sdk::Base64("AWS:pass") +
                             R"(", "expiresAt": 1795478400.5})";
    return {200, {}, R"({"authorizationData": )" + (public_ ? data : "[" + data + "]") + "}"};
  }
  Outcome Login(uint32_t actions = GANTRY_PULL, const std::string& host = kHost) {
    return flavor_.Authenticate({host, "team/app", "", ""}, actions, &credential_);
  }

  FakeHost host_;
  FlavorDriver flavor_{*gantry_flavor_v1(), host_};
  std::optional<sdk::Credential> credential_;
  std::map<std::string, sdk::HttpResponse> once_;
  std::vector<std::string> asked_, urls_;
  Outcome listed_;
  std::string last_body_;
  bool public_ = false;
};

}  // namespace gantry::testing
