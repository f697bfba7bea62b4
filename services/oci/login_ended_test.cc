// Refusals that mean, by a flavor's table, that the login has ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oci/error_hint.h"
#include "oci/registry_auth_test_world.h"

namespace gantry {
namespace {

using Scheme = Credential::Scheme;
using LoginEndedTest = RegistryAuthTest;

TEST_F(LoginEndedTest, AnExpiredLoginThatIsToldBy403IsRenewed) {
  challenge_ = "Basic realm=x";
  taken_ = {"Basic " + Base64Encode("ann:s3cret")};
  bool expired = false;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    if (expired && request.authorization() == "Basic " + Base64Encode("ann:s3cret")) {
      return Answer(403, {}, "Your authorization token has expired. Reauthenticate and try again.");
    }
    return Serve(request);
  });
  RegistryClient unaware(http, "r.example.com", {}, login_, nullptr);
  ErrorHint hint{403, "", "Token has expired", "", "Log in.", "", true};
  RegistryClient client(http, "r.example.com", {}, login_, nullptr, AddressPolicy::kAny,
                        {{403, "DENIED", "", "", "Ask."}, hint, {403, "", "", "", "Never."}});
  EXPECT_EQ(Status(unaware), 200);
  EXPECT_EQ(Status(client), 200);
  expired = true;
  login_->Renew(BasicCredential("ann", "new"));
  taken_.insert("Basic " + Base64Encode("ann:new"));
  EXPECT_EQ(Status(unaware), 403) << "only the flavor knows what the refusal means";
  EXPECT_EQ(Status(client), 200);
}

// The answer to a HEAD has no text, so that the registry is asked in words.
TEST_F(LoginEndedTest, AHeadThatIsRefusedMayMeetALoginThatHasEnded) {
  challenge_ = "Basic realm=x";
  const std::string old = "Basic " + Base64Encode("ann:s3cret");
  taken_ = {old};
  bool expired = false, denied = false;
  int pings = 0;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    const bool ping = request.url == "https://r.example.com/v2/";
    pings += ping;
    if (denied && !ping) return Answer(403);
    if (!expired || request.authorization() != old) return Serve(request);
    return Answer(403, {}, ping ? "Your authorization token has expired." : "");
  });
  RegistryClient unaware(http, "r.example.com", {}, login_, nullptr);
  RegistryClient client(http, "r.example.com", {}, login_, nullptr, AddressPolicy::kAny,
                        {{403, "", "token has expired", "", "Log in.", "", true}});
  const auto head = [&](RegistryClient& asked) {
    RegistryRequest request;
    request.method = "HEAD";
    const auto response = Read(asked, request);
    return response.ok() ? response->status : 0;
  };
  EXPECT_EQ(head(client), 200);
  EXPECT_EQ(pings, 0);
  EXPECT_EQ(head(unaware), 200);
  expired = true;
  login_->Renew(BasicCredential("ann", "new"));
  taken_.insert("Basic " + Base64Encode("ann:new"));
  EXPECT_EQ(head(unaware), 403) << "of this status the flavor says nothing";
  EXPECT_EQ(pings, 0);
  EXPECT_EQ(head(client), 200);
  EXPECT_EQ(pings, 1);
  denied = true;
  EXPECT_EQ(head(client), 403) << "the login is good, and has no right";
  EXPECT_EQ(pings, 2);
}

// As the public registry of AWS does it: status 400, and no challenge.
TEST_F(LoginEndedTest, AnyRefusalMayTellThatTheLoginHasEnded) {
  login_ = std::make_shared<FakeCredentials>(SecretCredential(Scheme::kBearer, "old"));
  taken_ = {"Bearer old"};
  bool expired = false;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    if (expired && request.authorization() == "Bearer old") {
      return Answer(400, {}, R"({"errors":[{"code":"denied","message":"token is invalid."}]})");
    }
    return Serve(request);
  });
  RegistryClient client(http, "r.example.com", {}, login_, nullptr, AddressPolicy::kAny,
                        {{400, "DENIED", "token is invalid", "", "Log in.", "", true}});
  EXPECT_EQ(Status(client), 200);
  expired = true;
  EXPECT_EQ(Status(client), 0) << "the same credential is not tried twice";
  login_->Renew(SecretCredential(Scheme::kBearer, "new"));
  taken_.insert("Bearer new");
  EXPECT_EQ(Status(client), 200);
}

}  // namespace
}  // namespace gantry
