#include "oci/registry_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "net/host_gate.h"
#include "oci/registry_auth_test_world.h"

namespace gantry {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

using Scheme = Credential::Scheme;

TEST_F(RegistryAuthTest, LearnsFromTheFirst401AndThenLogsInUpFront) {
  basic_ = "ann:s3cret";
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(Status(*client), 200);
  const auto seen = http_.seen();
  ASSERT_EQ(seen.size(), 4u);  // 401, token, 200; 200
  EXPECT_EQ(seen[1].url,
            "https://auth.example.com/token?service=r&scope=repository%3Ateam%2Fapp%3Apull");
  EXPECT_TRUE(seen[1].secret_body);
  EXPECT_EQ(seen[3].authorization(), "Bearer token-1");
}

TEST_F(RegistryAuthTest, TokensOfOneSecondAreRenewedInTime) {
  life_ = R"(,"expires_in":1)";
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  clock_.Advance(milliseconds(740));
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(token_requests_, 1);
  clock_.Advance(milliseconds(20));
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(token_requests_, 2);
  clock_.Advance(minutes(5));
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(token_requests_, 3);
  int refused = 0;
  for (const SeenRequest& request : http_.seen()) {
    refused += request.authorization().empty() && request.url.find("/v2/") != std::string::npos;
  }
  EXPECT_EQ(refused, 1) << "only the very first request went without a login";
}

TEST_F(RegistryAuthTest, ATokenThatSaysItselfWhenItEndsLivesUntilThen) {
  const auto at = [&](int64_t seconds) {
    return std::chrono::duration_cast<std::chrono::seconds>(clock_.Now().time_since_epoch())
               .count() +
           seconds;
  };
  const auto expect_life = [&](const std::string& claims, int life) {
    token_ = "e30." + Base64Encode(claims) + ".c2ln";
    token_requests_ = 0;
    const auto client = Client(login_);
    EXPECT_EQ(Status(*client), 200);
    clock_.Advance(std::chrono::seconds(life * 3 / 4 - 1));
    EXPECT_EQ(Status(*client), 200);
    EXPECT_EQ(token_requests_, 1) << claims;
    clock_.Advance(std::chrono::seconds(2));
    EXPECT_EQ(Status(*client), 200);
    EXPECT_EQ(token_requests_, 2) << claims;
  };
  expect_life(fmt::format(R"({{"iat":{},"exp":{}}})", at(0), at(1000)), 1000);
  expect_life(fmt::format(R"({{"exp":{}}})", at(1000)), 1000);
  expect_life(fmt::format(R"({{"iat":{},"exp":{}}})", at(300), at(500)),
              200);  // its clock is ahead
  expect_life(fmt::format(R"({{"iat":{},"exp":{}}})", at(-400), at(600)), 600);
  expect_life(fmt::format(R"({{"iat":{},"exp":{}}})", at(-400), at(-1)),
              60);  // its clock is behind
  expect_life(R"({"iat":-9223372036854775808,"exp":-9223372036854775808})", 60);
  expect_life(R"({"exp":"soon"})", 60);
  expect_life("no JSON", 60);
}

TEST_F(RegistryAuthTest, ATokenWithoutALifeLivesAMinute) {
  for (const char* life : {"", R"(,"expires_in":0)", R"(,"expires_in":-5)",
                           R"(,"expires_in":"soon")", R"(,"expires_in":null)"}) {
    life_ = life;
    token_requests_ = 0;
    const auto client = Client(login_);
    EXPECT_EQ(Status(*client), 200);
    clock_.Advance(std::chrono::seconds(44));
    EXPECT_EQ(Status(*client), 200);
    EXPECT_EQ(token_requests_, 1) << life;
    clock_.Advance(std::chrono::seconds(2));
    EXPECT_EQ(Status(*client), 200);
    EXPECT_EQ(token_requests_, 2) << life;
  }
}

TEST_F(RegistryAuthTest, ManyRequestsAskForOneToken) {
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  clock_.Advance(minutes(10));
  std::latch ready(8);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      EXPECT_EQ(Status(*client), 200);
    });
  }
  threads.clear();
  EXPECT_EQ(token_requests_, 2);
}

TEST_F(RegistryAuthTest, ATokenRevokedEarlyIsReplacedAndTheBodySentAgain) {
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  taken_.clear();
  int opened = 0;
  RegistryRequest upload;
  upload.method = "PUT";
  upload.path = "/v2/team/app/blobs/uploads/1";
  upload.body_size = 5;
  upload.open_body = [&]() -> absl::StatusOr<std::unique_ptr<ByteReader>> {
    ++opened;
    return std::make_unique<StringReader>("bytes");
  };
  EXPECT_EQ(Read(*client, upload)->status, 200);
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(http_.seen().back().body, "bytes");
  EXPECT_EQ(token_requests_, 2);
}

TEST_F(RegistryAuthTest, AWrongPasswordIsToldAsSuch) {
  basic_ = "ann:other";
  const auto client = Client(login_);
  const auto status = Read(*client).status();
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("incorrect username or password"));
  EXPECT_FALSE(DetailOf(status).remedy.empty());
  EXPECT_EQ(login_->refreshes(), 1);
  EXPECT_EQ(token_requests_, 1) << "the same password is not tried twice";
}

TEST_F(RegistryAuthTest, ARotatedPasswordIsFetchedAgain) {
  basic_ = "ann:rotated";
  login_->Renew(BasicCredential("ann", "rotated"));
  EXPECT_EQ(Status(*Client(login_)), 200);
  EXPECT_EQ(login_->refreshes(), 1);
}

TEST_F(RegistryAuthTest, ALoginThatIsRefusedIsReadAgainWhateverTheRefusal) {
  for (const int refusal : {400, 401, 403}) {
    const auto login = std::make_shared<FakeCredentials>(BasicCredential("ann", "old"));
    login->Renew(BasicCredential("ann", "s3cret"));
    token_failures_ = {Answer(refusal, {}, "{}")};
    EXPECT_EQ(Status(*Client(login)), 200) << refusal;
    EXPECT_EQ(login->refreshes(), 1) << refusal;
  }
}

TEST_F(RegistryAuthTest, AMissingLoginIsLookedForAgainASecondLater) {
  challenge_ = "Basic realm=x";
  const auto login = std::make_shared<FakeCredentials>();
  const auto client = Client(login);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Status(*client), 0);
  EXPECT_EQ(login->asked(), 1);
  clock_.Advance(milliseconds(1000));
  EXPECT_EQ(Status(*client), 0);
  EXPECT_EQ(login->asked(), 2);
}

TEST_F(RegistryAuthTest, AnonymousTokensCarryNoCredential) {
  EXPECT_EQ(Status(*Client(std::make_shared<AnonymousCredentials>())), 200);
  EXPECT_EQ(http_.seen()[1].authorization(), "");
  taken_.clear();
  rights_ = false;
  const auto status = Read(*Client(std::make_shared<AnonymousCredentials>())).status();
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_DENIED");
  EXPECT_THAT(DetailOf(status).remedy, HasSubstr("docker login r.example.com"));
}

TEST_F(RegistryAuthTest, AnIdentityTokenIsPosted) {
  login_ = std::make_shared<FakeCredentials>(SecretCredential(Scheme::kIdentityToken, "r+t/="));
  EXPECT_EQ(Status(*Client(login_)), 200);
  const SeenRequest post = http_.seen()[1];
  EXPECT_EQ(post.method, "POST");
  EXPECT_EQ(post.url, realm_);
  EXPECT_EQ(post.body,
            "grant_type=refresh_token&service=r&client_id=gantry&"
            "scope=repository%3Ateam%2Fapp%3Apull&refresh_token=r%2Bt%2F%3D");
  EXPECT_EQ(post.authorization(), "");
}

TEST_F(RegistryAuthTest, AnIdentityTokenFallsBackToGetOn404And405) {
  login_ = std::make_shared<FakeCredentials>(SecretCredential(Scheme::kIdentityToken, "rt"));
  for (const int status : {404, 405}) {
    token_failures_ = {Answer(status)};
    EXPECT_EQ(Status(*Client(login_)), 200);
    EXPECT_EQ(http_.seen()[http_.seen().size() - 2].authorization(),
              "Basic " + Base64Encode("<token>:rt"));
  }
  token_failures_ = {Answer(400, {}, R"({"error":"invalid_grant"})")};
  taken_.clear();
  EXPECT_EQ(ReasonOf(Read(*Client(login_)).status()), "UPSTREAM_AUTH_REJECTED");
}

TEST_F(RegistryAuthTest, ABearerCredentialIsSentAsItIs) {
  login_ = std::make_shared<FakeCredentials>(SecretCredential(Scheme::kBearer, "registry-token"));
  taken_ = {"Bearer registry-token"};
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(token_requests_, 0);
  taken_ = {"Bearer renewed"};
  login_->Renew(SecretCredential(Scheme::kBearer, "renewed"));
  EXPECT_EQ(Status(*client), 200);
  taken_.clear();
  EXPECT_EQ(ReasonOf(Read(*client).status()), "UPSTREAM_AUTH_REJECTED");

  challenge_ = "Bearer";  // RFC 6750: a realm may be named, or not
  taken_ = {"Bearer renewed"};
  EXPECT_EQ(Status(*Client(login_)), 200);
}

TEST_F(RegistryAuthTest, BasicGoesWithEveryRequestAndIsRenewedOnce) {
  challenge_ = R"(BASIC realm="Artifactory Realm")";
  taken_ = {"Basic " + Base64Encode("ann:s3cret")};
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(http_.seen().size(), 3u);
  taken_ = {"Basic " + Base64Encode("ann:new")};
  login_->Renew(BasicCredential("ann", "new"));
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(login_->refreshes(), 1);
  taken_.clear();
  EXPECT_EQ(ReasonOf(Read(*client).status()), "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(login_->refreshes(), 2);
}

TEST_F(RegistryAuthTest, BasicWithoutACredentialSaysHowToLogIn) {
  challenge_ = "Basic realm=x";
  const auto status = Read(*Client(std::make_shared<AnonymousCredentials>())).status();
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_AUTH_REJECTED");
  EXPECT_THAT(DetailOf(status).remedy, HasSubstr("docker login"));
}

TEST_F(RegistryAuthTest, ANewTokenThatHasEndedAtItsFirstUseIsRenewedOnce) {
  int withdrawn = 0;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    if (withdrawn > 0 && request.url.rfind(realm_, 0) != 0 && !request.authorization().empty()) {
      --withdrawn;
      taken_.clear();
    }
    return Serve(request);
  });
  RegistryClient client(http, "r.example.com", {}, login_, nullptr);
  withdrawn = 1;
  EXPECT_EQ(Status(client), 200);
  EXPECT_EQ(token_requests_, 2);

  withdrawn = 2;  // the kept one, and the next at its first use
  EXPECT_EQ(Status(client), 200);
  EXPECT_EQ(token_requests_, 4);

  withdrawn = 100;
  const auto status = Read(client).status();
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_DENIED");
  EXPECT_EQ(token_requests_, 6) << "twice in a row is no accident";

  challenge_ += R"(,error="invalid_token")";
  withdrawn = 1;
  EXPECT_EQ(Status(client), 200) << "said or unsaid";
}

TEST_F(RegistryAuthTest, ANewTokenThatIsRefusedForItsScopeIsFinal) {
  rights_ = false;
  challenge_ += R"(,error="insufficient_scope")";
  EXPECT_EQ(ReasonOf(Read(*Client(login_)).status()), "UPSTREAM_DENIED");
  EXPECT_EQ(token_requests_, 1);
}

TEST_F(RegistryAuthTest, TroubleOfTheTokenServerIsWaitedFor) {
  token_failures_ = {Answer(503), Answer(429, {{"Retry-After", "7"}})};
  EXPECT_EQ(Status(*Client(login_)), 200);
  EXPECT_EQ(token_requests_, 3);
  EXPECT_GE(clock_.slept(), std::chrono::seconds(7));
}

TEST_F(RegistryAuthTest, AFailedRenewalUsesTheOldTokenWhileItLives) {
  life_ = R"(,"expires_in":100)";
  const auto client = Client(login_);
  EXPECT_EQ(Status(*client), 200);
  clock_.Advance(std::chrono::seconds(80));
  token_failures_ = {Answer(403, {}, "no")};
  EXPECT_EQ(Status(*client), 200);
  EXPECT_EQ(http_.seen().back().authorization(), "Bearer token-1");
}

TEST_F(RegistryAuthTest, TakesTheFormsOfRealmThatAreSeen) {
  const struct {
    std::string challenge, url;
  } kForms[] = {
      {"Bearer realm=/token,service=r", "https://r.example.com/token?service=r&"},
      {R"(Bearer realm="https://r.example.com/token?a=b&c")",
       "https://r.example.com/token?a=b&c&scope="},
      {R"(Negotiate, Bearer realm="http://r.example.com/token")",
       "https://r.example.com/token?scope="},
      {R"(Basic realm="x", Bearer realm="//r.example.com/token")",
       "https://r.example.com/token?scope="},
  };
  realm_ = "https://r.example.com/token";
  for (const auto& form : kForms) {
    challenge_ = form.challenge;
    taken_.clear();
    EXPECT_EQ(Status(*Client(std::make_shared<AnonymousCredentials>())), 200) << form.challenge;
    const auto seen = http_.seen();
    EXPECT_EQ(seen[seen.size() - 2].url.rfind(form.url, 0), 0u) << seen[seen.size() - 2].url;
  }
}

TEST_F(RegistryAuthTest, CredentialsDoNotGoToARealmThatIsNotToBeTrusted) {
  for (const char* realm : {"http://auth.example.com/token", "https://127.0.0.1/token",
                            "https://169.254.169.254/token", "https://10.0.0.1/token"}) {
    challenge_ = fmt::format("Bearer realm=\"{}\"", realm);
    const auto status = Read(*Client(login_)).status();
    EXPECT_EQ(ReasonOf(status), "ADDRESS_REFUSED") << realm;
  }
  EXPECT_EQ(token_requests_, 0);
  for (const SeenRequest& request : http_.seen()) EXPECT_EQ(request.authorization(), "");
}

TEST_F(RegistryAuthTest, ATokenServerElsewhereMustBePublic) {
  EXPECT_EQ(Status(*Client(login_)), 200);
  EXPECT_EQ(http_.seen()[1].addresses, AddressPolicy::kPublicOnly);
  EXPECT_EQ(http_.seen()[2].addresses, AddressPolicy::kAny);
}

TEST_F(RegistryAuthTest, ATokenServerMayBePrivateOnceTheRegistryIs) {
  bool at_private_endpoint = false;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    if (request.addresses == AddressPolicy::kPublicOnly) {
      return PermissionDenied(reason::kAddressRefused, "it leads to 10.0.0.1");
    }
    auto answer = Serve(request);
    if (answer.ok()) answer->private_peer = at_private_endpoint;
    return answer;
  });
  RegistryClient client(http, "r.example.com", Transport{}, login_, nullptr);
  EXPECT_EQ(ReasonOf(Read(client).status()), "ADDRESS_REFUSED");
  at_private_endpoint = true;
  EXPECT_EQ(Status(client), 200) << "as when a private endpoint comes up";
}

TEST_F(RegistryAuthTest, NonsenseOfATokenServerIsAnError) {
  for (const HttpResponse& nonsense :
       {Answer(200, {}, "<html>"), Answer(200, {}, "{}"), Answer(200, {}, R"({"token":7})"),
        Answer(200, {}, R"({"token":"a\r\nX-Evil: 1"})"), Answer(200, {}, std::string(70'000, ' ')),
        Answer(200, {}, std::string(60'000, '['))}) {
    token_failures_ = {nonsense};
    EXPECT_EQ(ReasonOf(Read(*Client(login_)).status()), "UPSTREAM_PROTOCOL");
  }
  token_failures_ = {Answer(307, {{"Location", "https://evil.example.net/token"}})};
  EXPECT_EQ(ReasonOf(Read(*Client(login_)).status()), "UPSTREAM_PROTOCOL");
  token_failures_ = {Answer(307, {{"Location", "https://auth.example.com/token/"}})};
  EXPECT_EQ(Status(*Client(login_)), 200);
}

TEST_F(RegistryAuthTest, AccessTokenIsTakenForToken) {
  token_field_ = "access_token";
  EXPECT_EQ(Status(*Client(login_)), 200);
}

TEST_F(RegistryAuthTest, ARegistryThatHidesInsteadOfAskingIsAskedAtItsRoot) {
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    const bool root = request.url == "https://r.example.com/v2/";
    if (request.authorization().empty() && !root && request.url.rfind(realm_, 0) != 0) {
      return Answer(404);
    }
    return Serve(request);
  });
  RegistryClient client(http, "r.example.com", {}, login_, nullptr);
  EXPECT_EQ(Status(client), 200);
  RegistryClient anonymous(http, "r.example.com", {}, std::make_shared<AnonymousCredentials>(),
                           nullptr);
  challenge_ = "Basic realm=x";
  EXPECT_EQ(Status(anonymous), 404);
  EXPECT_EQ(Status(anonymous), 404);
}

TEST_F(RegistryAuthTest, AnOpenRegistryIsAskedAtItsRootOnce) {
  FakeHttp http([](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    return Answer(request.url == "https://r.example.com/v2/" ? 200 : 404);
  });
  RegistryClient client(http, "r.example.com", {}, login_, nullptr);
  EXPECT_EQ(Status(client), 404);
  EXPECT_EQ(Status(client), 404);
  EXPECT_EQ(http.seen().size(), 3u);
  EXPECT_EQ(login_->asked(), 0) << "nobody wanted a login";
}

TEST_F(RegistryAuthTest, AServerThatAlwaysWantsMoreIsGivenUp) {
  int n = 0;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    challenge_ = fmt::format("Bearer realm=\"{}\",scope=\"repository:x{}:pull\"", realm_, ++n);
    rights_ = false;
    return Serve(request);
  });
  RegistryClient client(http, "r.example.com", {}, login_, nullptr);
  const auto response = Read(client);
  EXPECT_TRUE(!response.ok() || response->status == 401);
  EXPECT_LT(http.seen().size(), 12u);
}

}  // namespace
}  // namespace gantry
