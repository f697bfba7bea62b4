// Manifests and tags: registries whose parts see each other late, and tags that may not move.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::ErrorReply;
using fakes::On;
using fakes::Reply;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Reply kMissing = ErrorReply(400, "MANIFEST_BLOB_UNKNOWN", "not yet");

TEST_F(PushTest, BlobsThatAreSeenLateAreWaitedFor) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("PUT manifest").Times(2).Answer(400, kMissing.headers, kMissing.body));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PUT manifest"), 3);
  EXPECT_EQ(clock_.slept(), seconds(2 + 4));
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB) << "they are not sent again";
  EXPECT_THAT(progress_.notices(), IsEmpty());
}

TEST_F(PushTest, BlobsThatAreNeverSeenEndThePush) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("PUT manifest").Always().Answer(400, kMissing.headers, kMissing.body));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("MANIFEST_BLOB_UNKNOWN"));
  EXPECT_LE(clock_.slept(), seconds(30));
  EXPECT_EQ(registry_.Count("PUT upload"), 2) << "what was sent is not sent again; the config is";
}

TEST_F(PushTest, AManifestThatWasStoredBehindAnErrorIsFound) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PUT manifest").Always().Change([](Reply& reply) { reply = {500}; }));
  registry_.Script(On("PUT tag").Always().Change([](Reply& reply) { reply = {502}; }));
  ExpectStored(Push());
}

TEST_F(PushTest, AManifestWhoseAnswerIsLostIsFound) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PUT manifest").LoseAnswer());
  registry_.Script(On("PUT tag").LoseAnswer());
  ExpectStored(Push());
}

TEST_F(PushTest, AManifestThatIsNotThereIsAnIntegrityError) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PUT manifest").Answer(201));
  ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
  EXPECT_EQ(registry_.Count("PUT tag"), 0);
}

TEST_F(PushTest, WhoMayPushButNotPullIsBelievedWhatTheRegistryConfirms) {
  MakeOneLayer(kMiB);
  registry_.Script(On("HEAD manifest").Always().Answer(403));
  registry_.Script(On("HEAD tag").Always().Answer(403));
  ExpectStored(Push());
}

TEST_F(PushTest, WhatMayNotBeLookedAtAndIsNotConfirmedIsADenial) {
  MakeOneLayer(kMiB);
  registry_.Script(On("HEAD manifest").Always().Answer(403));
  registry_.Script(On("PUT manifest").Always().Change(
      [](Reply& reply) { reply.Remove("Docker-Content-Digest"); }));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kPermissionDenied, "UPSTREAM_DENIED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("which was just stored"));
  EXPECT_EQ(registry_.Count("PUT tag"), 0);
}

TEST_F(PushTest, AnImmutableTagThatNamesThisImageIsFine) {
  store_.MakeTagsImmutable();
  MakeOneLayer(kMiB);
  ExpectStored(Push());
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PUT tag"), 1);
}

TEST_F(PushTest, AnImmutableTagThatNamesAnotherImageIsAConflict) {
  store_.MakeTagsImmutable();
  MakeOneLayer(kMiB);
  ExpectStored(Push());
  const auto before = store_.Tags(kRepo);
  image_.AddManifest({{"other"}});
  const auto pushed = Push();
  ASSERT_FALSE(pushed.ok());
  EXPECT_EQ(pushed.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(pushed.status()), "UPSTREAM_CONFLICT");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("tag 1.0"));
  EXPECT_EQ(store_.Tags(kRepo), before);
  EXPECT_EQ(registry_.Count("PUT tag 400"), 1) << "not tried again";
}

TEST_F(PushTest, SeveralTagsNameOneImageAndNoneIsNeeded) {
  MakeOneLayer(kMiB);
  plan_.tags = {"1", "1.0", "latest"};
  ExpectStored(Push());
  EXPECT_EQ(store_.Tags(kRepo).size(), 3u);
  plan_.tags = {};
  plan_.repository = "by-digest";
  const auto pushed = Push();
  ASSERT_TRUE(pushed.ok());
  EXPECT_TRUE(store_.Manifest("by-digest", pushed->digest.text()).has_value());
  EXPECT_THAT(store_.Tags("by-digest"), IsEmpty());
}

TEST_F(PushTest, ATagThatSomebodyElseMovesMeanwhileIsTold) {
  MakeOneLayer(kMiB);
  const Digest other = Digest::Of("other");
  registry_.Script(On("HEAD tag").Nth(2).Change([&](Reply& reply) {
    reply.Set("Docker-Content-Digest", other.text());
  }));
  ExpectStored(Push());
  EXPECT_THAT(progress_.notices(), ::testing::ElementsAre(HasSubstr(other.text())));
}

}  // namespace
}  // namespace gantry
