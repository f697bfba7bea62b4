// Upload sessions: where they are, how far they are, and when they are of no more use.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::ErrorReply;
using fakes::On;
using fakes::Reply;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The strict registry's Locations are relative and change with every PATCH.
TEST_F(PushTest, TheNewestLocationIsTheOneThatCounts) {
  MakeOneLayer(4 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload 202", "PATCH upload 202",
                                     "PATCH upload 202", "PATCH upload 202", "PUT upload 201"));
}

TEST_F(PushTest, AnHttpLocationBehindAProxyThatSpeaksHttpsIsReachedByHttps) {
  fakes::ScriptedRegistry secure(clock_, /*tls=*/true);
  Transport transport;
  transport.ca_certificate = secure.ca_pem();
  RegistryClient client(http_, secure.host(), transport, std::make_shared<AnonymousCredentials>(),
                        nullptr);
  MakeOneLayer(kMiB);
  const auto degrade = [&](Reply& reply) {
    for (auto& [name, value] : reply.headers) {
      if (name == "Location") value = "http://" + secure.host() + value;
    }
  };
  secure.Script(On("POST upload").Always().Change(degrade));
  secure.Script(On("PATCH upload").Always().Change(degrade));
  const auto pushed = engine_.Push(call_, plan_, client, image_, progress_);
  ASSERT_TRUE(pushed.ok()) << MessageOf(pushed.status());
  EXPECT_EQ(secure.store().Blob(kRepo, layer().text()), image_.bytes[layer().text()]);
}

TEST_F(PushTest, AnUploadWithoutALocationIsOpenedOnceMore) {
  MakeOneLayer(kMiB);
  registry_.Script(On("POST upload").Answer(202));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 2);
}

TEST_F(PushTest, UploadsThatNeverHaveALocationAreNoUploads) {
  MakeOneLayer(kMiB);
  for (const char* location : {"", "http://", "http://[bad/"}) {
    registry_.Script(On("POST upload").Times(2).Answer(202, {{"Location", location}}));
    ExpectFailed(Push(), absl::StatusCode::kFailedPrecondition, "UPSTREAM_PROTOCOL");
  }
  EXPECT_EQ(registry_.Count("POST upload"), 6);
  EXPECT_EQ(registry_.Count("PATCH upload"), 0);
}

TEST_F(PushTest, A416ThatSaysWhereTheRegistryIsGoesOnThere) {
  MakeOneLayer(4 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  // It keeps the second chunk, says that it failed, and then wants what follows.
  registry_.Script(On("PATCH upload").Nth(2).Change([](Reply& reply) { reply.status = 416; }));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 4 * kMiB);
}

TEST_F(PushTest, A416WithoutARangeAsksWhereTheSessionStands) {
  MakeOneLayer(4 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  registry_.Script(On("PATCH upload").Nth(2).Answer(416));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("GET upload 204"), 1);
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 4 * kMiB);
}

TEST_F(PushTest, A416OfASessionThatCannotBeAskedStartsAnother) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("PATCH upload").Answer(416));
  registry_.Script(On("GET upload").Always().Answer(404));
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload 416", "GET upload 404",
                                     "DELETE upload 204", "POST upload 202", "PATCH upload 202",
                                     "PUT upload 201"));
}

TEST_F(PushTest, A416ForEverEnds) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PATCH upload").Always().Answer(416));
  ExpectFailed(Push(), absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_EQ(registry_.Count("POST upload"), 4);
}

TEST_F(PushTest, FewerBytesThanWereSentAreSentAgainFromThere) {
  MakeOneLayer(4 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 2 << 20;
  registry_.Script(On("PATCH upload").After(kMiB).Change([](Reply& reply) {
    reply = {202, {{"Range", "0-1048575"}}};
  }));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 4 * kMiB);
}

TEST_F(PushTest, MoreBytesThanWereSentAreNotBelieved) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(
      On("PATCH upload").Change([](Reply& reply) { reply.Set("Range", "0-9999999"); }));
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload 202", "DELETE upload 204",
                                     "POST upload 202", "PATCH upload 202", "PUT upload 201"));
}

TEST_F(PushTest, ASessionThatIsForgottenStartsAgainAndNotForEver) {
  MakeOneLayer(2 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  registry_.Script(On("PATCH upload").Nth(2).Answer(404));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 2);

  store_.Forget(kRepo);
  registry_.Script(On("PATCH upload").Always().Answer(404));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_EQ(registry_.Count("POST upload"), 2 + 4);
  EXPECT_THAT(DetailOf(pushed.status()).remedy, HasSubstr("sticky sessions"));
}

TEST_F(PushTest, ADigestThatTheRegistryDoesNotFindIsTriedOnceMore) {
  MakeOneLayer(2 * kMiB);
  const Reply invalid = ErrorReply(400, "DIGEST_INVALID");
  registry_.Script(On("PUT upload").Answer(400, invalid.headers, invalid.body));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 2);
}

TEST_F(PushTest, ADigestThatTheRegistryNeverFindsIsAnIntegrityError) {
  MakeOneLayer(2 * kMiB);
  const Reply invalid = ErrorReply(400, "DIGEST_INVALID");
  registry_.Script(On("PUT upload").Always().Answer(400, invalid.headers, invalid.body));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kDataLoss, "INTEGRITY");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("DIGEST_INVALID"));
  EXPECT_EQ(registry_.Count("POST upload"), 2);
}

TEST_F(PushTest, ASourceThatHasChangedWhenItIsReadAgainIsToBlame) {
  MakeOneLayer(2 * kMiB);
  const Reply invalid = ErrorReply(400, "DIGEST_INVALID");
  registry_.Script(On("PUT upload").Answer(400, invalid.headers, invalid.body).Before([&] {
    image_.bytes[layer().text()][0] ^= 1;
  }));
  ExpectFailed(Push(), absl::StatusCode::kAborted, "SOURCE_CHANGED");
  EXPECT_EQ(registry_.Count("POST upload"), 2);
}

}  // namespace
}  // namespace gantry
