// Azure as the tests of this flavor script it: configurations, tokens, and who answers what.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/sdk/encoding.h"
#include "tests/conformance/fake_host.h"
#include "tests/conformance/flavor_driver.h"

namespace gantry::testing {

class AzureWorld : public ::testing::Test {
 protected:
  static constexpr char kHost[] = "myregistry.azurecr.io";
  static constexpr char kMachine[] = "http://169.254.169.254/metadata/identity/oauth2/token";
  static constexpr char kSignIn[] = "https://login.microsoftonline.com/t-1/oauth2/v2.0/token";
  static constexpr char kExchange[] = "https://myregistry.azurecr.io/oauth2/exchange";
  static constexpr char kToken[] = "https://myregistry.azurecr.io/oauth2/token";

  AzureWorld() {
    host_.secrets = {{"client_secret", "s3cret"}, {"password", "pw"}};
    host_.on_http = [this](const sdk::HttpRequest& request) { return Answer(request); };
    const std::string entra =
        R"({"token_type":"Bearer","expires_in":3599,"access_token":")" + EntraToken() + "\"}";
    answers_ = {{kSignIn, {200, {}, entra}},
                {kMachine, {200, {}, entra}},
                {kExchange, {200, {}, R"({"refresh_token":")" + RefreshToken() + "\"}"}},
                {kToken, {200, {}, R"({"access_token":")" + AccessToken(R"(["pull"])") + "\"}"}}};
  }
  void TearDown() override { EXPECT_THAT(host_.faults(), ::testing::IsEmpty()); }

  static std::string Config(const std::string& method, const std::string& fields = "{}",
                            const std::string& uri = kHost, const std::string& expires = "null") {
    return "{\"uri\": \"" + uri + R"(", "default_repository": "", "config": {}, "connector": )" +
           R"({"type": "azure", "auth_method": ")" + method + R"(", "config": )" + fields +
           R"(, "expires_unix_ms": )" + expires + "}}";
  }
  static std::string ServicePrincipal(const std::string& uri = kHost) {
    return Config("service-principal", R"({"tenant_id": "t-1", "client_id": "c-1"})", uri);
  }

  static std::string Jwt(const std::string& claims) {
    return sdk::Base64Url(R"({"alg":"RS256"})") + "." + sdk::Base64Url(claims) + ".c2ln";
  }
  std::string Exp(int64_t seconds) const {
    return "\"exp\":" + std::to_string(host_.now_unix_ms / 1000 + seconds);
  }
  std::string EntraToken(int64_t seconds = 3600) const {
    return Jwt(R"({"appid":"c-1","oid":"o-1","tid":"t-1",)" + Exp(seconds) + "}");
  }
  std::string RefreshToken(const std::string& more = "") const {
    return Jwt("{" + more + Exp(10'800) + "}");
  }
  std::string AccessToken(const std::string& actions) const {
    return Jwt(R"({"access":[{"type":"repository","name":"team/app","actions":)" + actions + "}]," +
               Exp(4500) + "}");
  }

  // Answers by the URL without its query; the requests are kept.
  sdk::HttpResponse Answer(const sdk::HttpRequest& request) {
    seen_.push_back(request);
    const auto it = answers_.find(request.url.substr(0, request.url.find('?')));
    return it == answers_.end() ? sdk::HttpResponse{404, {}, ""} : it->second;
  }
  std::vector<std::string> Urls() const {
    std::vector<std::string> urls;
    for (const auto& request : seen_) urls.push_back(request.url.substr(0, request.url.find('?')));
    return urls;
  }

  Outcome Login(const std::string& config, uint32_t actions = GANTRY_PULL | GANTRY_PUSH) {
    flavor_.Close();
    EXPECT_TRUE(flavor_.Open(config).ok());
    return flavor_.Authenticate({kHost, "team/app", "", ""}, actions, &credential_);
  }
  int64_t InSeconds() const { return (credential_->expires_unix_ms - host_.now_unix_ms) / 1000; }

  FakeHost host_;
  std::map<std::string, sdk::HttpResponse> answers_;
  std::vector<sdk::HttpRequest> seen_;
  std::optional<sdk::Credential> credential_;
  FlavorDriver flavor_{*gantry_flavor_v1(), host_};
};

}  // namespace gantry::testing
