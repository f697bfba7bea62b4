// Logins that end, are revoked, or are of another kind.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using fakes::Reply;
using fakes::TokenDesk;
using std::chrono::seconds;

TEST_F(PushTest, ATokenThatIsShorterThanTheUploadIsRenewedOnTheWay) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBearer, .life = seconds(60)});
  MakeOneLayer(6 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  registry_.Script(
      On("PATCH upload").Always().Change([this](Reply&) { clock_.Advance(seconds(30)); }));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 401"), 0) << "before it ends";
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 6 * kMiB);
}

TEST_F(PushTest, ATokenThatIsRevokedIsReplacedAndTheChunkGoesAgain) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBearer});
  MakeOneLayer(6 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 2 << 20;
  registry_.Script(On("PATCH upload").Nth(2).Before([this] { registry_.desk().Revoke(); }));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 401"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 3);
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

TEST_F(PushTest, A401InTheMiddleOfABodyTakesANewTokenAndTheWholeBody) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBearer});
  MakeOneLayer(6 * kMiB);
  registry_.Script(On("PATCH upload")
                       .After(64 << 10)
                       .Answer(401, {{"WWW-Authenticate", "Bearer realm=\"/token\",service=\"s\""},
                                     {"Connection", "close"}}));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 1);
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 6 * kMiB);
}

TEST_F(PushTest, ARegistryThatKnowsBasicOnly) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBasic});
  MakeOneLayer(kMiB);
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("GET token"), 0);
  EXPECT_EQ(registry_.Count("HEAD manifest 401"), 1) << "asked for once, then given at once";
}

class PushLoginTest : public PushTest {
 protected:
  absl::StatusOr<PushedImage> PushAs(const Credential& credential) {
    RegistryClient client(http_, registry_.host(), PlainHttp(),
                          std::make_shared<FakeCredentials>(credential), nullptr);
    MakeOneLayer(kMiB);
    return engine_.Push(call_, plan_, client, image_, progress_);
  }
};

TEST_F(PushLoginTest, ATokenForNobodyInParticular) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBearer, .anonymous = true});
  ExpectStored(PushAs({}));
}

TEST_F(PushLoginTest, AnIdentityTokenIsExchangedByPost) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBearer, .oauth = true});
  ExpectStored(PushAs(SecretCredential(Credential::Scheme::kIdentityToken, "identity")));
  EXPECT_GE(registry_.Count("POST token 200"), 1);
  EXPECT_EQ(registry_.Count("GET token"), 0);
}

TEST_F(PushLoginTest, AnIdentityTokenFallsBackToGetWherePostIsUnknown) {
  for (const int unknown : {404, 405}) {
    registry_.Script(On("POST token").Times(4).Answer(unknown));
  }
  registry_.desk().Open({.kind = TokenDesk::Kind::kBearer, .anonymous = true});
  ExpectStored(PushAs(SecretCredential(Credential::Scheme::kIdentityToken, "identity")));
  EXPECT_GE(registry_.Count("GET token 200"), 1);
}

TEST_F(PushLoginTest, AWrongPasswordStopsAtOnce) {
  registry_.desk().Open({.kind = TokenDesk::Kind::kBasic});
  ExpectFailed(PushAs(BasicCredential("ann", "wrong")), absl::StatusCode::kFailedPrecondition,
               "UPSTREAM_AUTH_REJECTED");
  EXPECT_EQ(registry_.Count("POST"), 0);
  EXPECT_EQ(clock_.slept(), seconds(0));
}

}  // namespace
}  // namespace gantry
