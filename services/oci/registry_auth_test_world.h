// A registry behind a token server, for tests of logging in.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "oci/fake_http.h"
#include "oci/registry_client.h"

namespace gantry {

// A registry that takes the tokens of its token server.  Everything may be changed by a test.
class RegistryAuthTest : public ::testing::Test {
 protected:
  absl::StatusOr<HttpResponse> Serve(const SeenRequest& request) {
    std::lock_guard lock(mu_);
    if (request.url.rfind(realm_, 0) == 0) return ServeToken(request);
    const std::string authorization = request.authorization();
    if (taken_.count(authorization) > 0) return Answer(200, {{"Content-Length", "7"}}, "content");
    return Answer(401, {{"WWW-Authenticate", challenge_}},
                  R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})");
  }

  HttpResponse ServeToken(const SeenRequest& request) {
    ++token_requests_;
    if (!token_failures_.empty()) {
      const HttpResponse failure = token_failures_.back();
      token_failures_.pop_back();
      return failure;
    }
    if (!basic_.empty() && request.authorization() != "Basic " + Base64Encode(basic_)) {
      return Answer(401, {}, R"({"details":"incorrect username or password"})");
    }
    const std::string token = token_.empty() ? fmt::format("token-{}", token_requests_) : token_;
    if (rights_) taken_ = {"Bearer " + token};
    return Answer(200, {}, fmt::format(R"({{"{}":"{}"{}}})", token_field_, token, life_));
  }

  std::unique_ptr<RegistryClient> Client(std::shared_ptr<CredentialProvider> credentials,
                                         std::string host = "r.example.com") {
    return std::make_unique<RegistryClient>(http_, std::move(host), Transport{},
                                            std::move(credentials), nullptr);
  }

  absl::StatusOr<HttpResponse> Read(RegistryClient& client, RegistryRequest request = {}) {
    if (request.path.empty()) request.path = "/v2/team/app/tags/list";
    if (request.repository.empty()) request.repository = "team/app";
    return client.Do(call_, request);
  }

  int Status(RegistryClient& client) {
    const auto response = Read(client);
    return response.ok() ? response->status : 0;
  }

  ManualClock clock_;
  CallContext call_{clock_, std::chrono::minutes(60), "r"};
  FakeHttp http_{[this](const SeenRequest& request) { return Serve(request); }};
  std::shared_ptr<FakeCredentials> login_ =
      std::make_shared<FakeCredentials>(BasicCredential("ann", "s3cret"));

  std::mutex mu_;
  std::string realm_ = "https://auth.example.com/token";
  std::string challenge_ =
      R"(Bearer realm="https://auth.example.com/token",service="r",scope="repository:team/app:pull")";
  std::string basic_, token_, token_field_ = "token", life_;
  bool rights_ = true;
  std::set<std::string> taken_;
  std::vector<HttpResponse> token_failures_;
  int token_requests_ = 0;
};

}  // namespace gantry
