// Connections that break: nothing is lost, and little is sent twice.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using ::testing::ElementsAre;

TEST_F(PushTest, AStreamThatIsResetGoesOnAtTheByteTheRegistryHas) {
  MakeOneLayer(8 * kMiB);
  registry_.Script(On("PATCH upload").ResetAfter(3 * kMiB + 17));
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload lost", "GET upload 204",
                                     "PATCH upload 202", "PUT upload 201"));
  EXPECT_EQ(store_.received_bytes(), 8 * kMiB) << "no byte twice";
}

TEST_F(PushTest, AChunkThatIsResetGoesOnInsideTheChunk) {
  MakeOneLayer(8 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 2 << 20;
  registry_.Script(On("PATCH upload").Nth(2).ResetAfter(100'001));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("GET upload 204"), 1);
  EXPECT_EQ(store_.received_bytes(), 8 * kMiB);
}

TEST_F(PushTest, AStreamOfUnknownLengthThatIsResetGoesOnInParts) {
  MakeOneUnpackedLayer(8 * kMiB);
  registry_.Script(On("PATCH upload").ResetAfter(3 * kMiB + 17));
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload lost", "GET upload 204",
                                     "PATCH upload 202", "PATCH upload 202", "PUT upload 201"));
  EXPECT_EQ(store_.received_bytes(), 8 * kMiB) << "no byte twice";
}

TEST_F(PushTest, APartOfAStreamThatIsResetIsNotReadAgain) {
  MakeOneUnpackedLayer(10 * kMiB);
  registry_.Script(On("PATCH upload").LargerThan(5 << 20).After(64 << 10).Answer(413));
  registry_.Script(On("PATCH upload").Nth(2).ResetAfter(100'001));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload lost"), 1);
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 10 * kMiB);
  const std::pair<std::string, int64_t> start{image_.blob(0, 1).key(), 0};
  EXPECT_THAT(image_.opened(), ElementsAre(start, start)) << "for the stream, for the parts";
}

TEST_F(PushTest, AConnectionThatBreaksEveryMegabyteStillFinishes) {
  MakeOneLayer(12 * kMiB);
  registry_.Script(On("PATCH upload").Times(11).ResetAfter(kMiB));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 1) << "progress is no standstill";
  EXPECT_EQ(store_.received_bytes(), 12 * kMiB);
}

TEST_F(PushTest, AWholeBlobThatIsResetGoesIntoANewSession) {
  MakeOneLayer(4 * kMiB);
  plan_.method = UploadMethod::kMonolithic;
  registry_.Script(On("PUT upload").ResetAfter(kMiB));
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PUT upload lost", "DELETE upload 204",
                                     "POST upload 202", "PUT upload 201"));
  EXPECT_EQ(store_.received_bytes(), 5 * kMiB);
}

TEST_F(PushTest, ALostAnswerToACommitIsLookedUpInsteadOfSentAgain) {
  MakeOneLayer(2 * kMiB);
  for (const UploadMethod method : {UploadMethod::kStream, UploadMethod::kMonolithic}) {
    plan_.method = method;
    plan_.repository = method == UploadMethod::kStream ? "a" : "b";
    registry_.Script(On("PUT upload").LoseAnswer());
    EXPECT_TRUE(Push().ok());
    EXPECT_TRUE(store_.Blob(plan_.repository, layer().text()).has_value());
  }
  EXPECT_EQ(store_.received_bytes(),
            2 * static_cast<int64_t>(2 * kMiB + image_.bytes[image_.blob(0, 0).key()].size()));
  EXPECT_EQ(clock_.slept().count(), 0);
}

TEST_F(PushTest, AWholeBlobThatWasNotKeptIsSentAgainWhenItsAnswerIsLost) {
  MakeOneLayer(4 * kMiB);
  plan_.method = UploadMethod::kMonolithic;
  registry_.Script(On("PUT upload").After(4 * kMiB).Answer(0).LoseAnswer());
  ExpectStored(Push());
  EXPECT_THAT(
      registry_.log(),
      ElementsAre("HEAD manifest 404", "GET ping 200", "HEAD blob 404", "POST upload 202",
                  "PUT upload lost", "HEAD blob 404", "DELETE upload 204", "POST upload 202",
                  "PUT upload 201", "HEAD blob 200", "HEAD blob 200", "PUT manifest 201",
                  "HEAD manifest 200", "HEAD tag 404", "PUT tag 201", "HEAD tag 200"))
      << "it looks before it sends again";
}

TEST_F(PushTest, AStreamThatWasKeptIsNotSentAgainWhenItsAnswerIsLost) {
  MakeOneLayer(4 * kMiB);
  registry_.Script(On("PATCH upload").LoseAnswer());
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload lost", "GET upload 204",
                                     "PUT upload 201"));
  EXPECT_EQ(store_.received_bytes(), 4 * kMiB) << "no byte twice";
}

TEST_F(PushTest, ACommitThatWasNeverHeardIsAskedForAgainWithoutTheBytes) {
  MakeOneLayer(2 * kMiB);
  registry_.Script(On("PUT upload").HangUp());
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload 202", "PUT upload lost",
                                     "PUT upload 201"));
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB);
}

TEST_F(PushTest, AnIdleConnectionThatIsClosedAsTheRequestGoesOutIsNoFailure) {
  MakeOneLayer(kMiB);
  registry_.Script(On("POST upload").HangUp());
  registry_.Script(On("PUT upload").HangUp());
  registry_.Script(On("PUT manifest").HangUp());
  registry_.Script(On("HEAD tag").HangUp());
  ExpectStored(Push());
  EXPECT_EQ(clock_.slept().count(), 0) << "these are not counted as attempts";
  EXPECT_EQ(store_.received_bytes(), kMiB);
}

// How much of a body has arrived nobody knows: the registry is asked before it goes again.
TEST_F(PushTest, AnIdleConnectionThatIsClosedAsABodyGoesOutIsNoFailure) {
  MakeOneLayer(kMiB);
  int attempt = 0;
  progress_.on_blob = [&](const BlobProgressEvent& event) {
    attempt = std::max(attempt, event.attempt);
  };
  registry_.Script(On("PATCH upload").After(64 << 10).HangUp());
  ExpectStored(Push());
  EXPECT_THAT(Uploads(), ElementsAre("POST upload 202", "PATCH upload lost", "GET upload 204",
                                     "PATCH upload 202", "PUT upload 201"));
  store_.Forget(kRepo);
  const auto before = static_cast<int64_t>(Uploads().size());
  store_.PutBlob(kRepo, image_.bytes.at(image_.blob(0, 0).key()));
  plan_.method = UploadMethod::kMonolithic;
  registry_.Script(On("PUT upload").After(64 << 10).HangUp());
  ExpectStored(Push());
  const auto uploads = Uploads();
  EXPECT_THAT(std::vector(uploads.begin() + before, uploads.end()),
              ElementsAre("POST upload 202", "PUT upload lost", "DELETE upload 204",
                          "POST upload 202", "PUT upload 201"));
  EXPECT_EQ(clock_.slept().count(), 0) << "these are not counted as attempts";
  EXPECT_EQ(attempt, 1);
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB);
}

TEST_F(PushTest, ConnectionsThatBreakUnderEveryBodyAreWaitedForAndGivenUp) {
  MakeOneLayer(kMiB);
  for (const UploadMethod method : {UploadMethod::kStream, UploadMethod::kMonolithic}) {
    plan_.method = method;
    const bool stream = method == UploadMethod::kStream;
    registry_.Script(
        On(stream ? "PATCH upload" : "PUT upload").Always().After(64 << 10).HangUp());
    const milliseconds slept = clock_.slept();
    const int opened = registry_.Count("POST upload 202");
    ExpectFailed(Push(), absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE");
    EXPECT_GT(clock_.slept(), slept);
    EXPECT_EQ(registry_.Count("POST upload 202") - opened, 1 + 4);
  }
}

TEST_F(PushTest, ARegistryThatClosesAfterEachAnswer) {
  MakeOneLayer(2 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 1 << 20;
  for (const char* request : {"HEAD manifest", "HEAD blob", "POST upload", "PATCH upload",
                              "PUT upload", "PUT manifest", "HEAD tag", "PUT tag"}) {
    registry_.Script(On(request).Always().ThenClose());
  }
  ExpectStored(Push());
  EXPECT_EQ(store_.received_bytes(), 2 * kMiB);
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

TEST_F(PushTest, ASourceThatBreaksForAMomentIsOpenedAgainWhereItStopped) {
  MakeOneLayer(8 * kMiB);
  bool broke = false;
  image_.before_read = [&](int64_t position) -> absl::Status {
    if (position < 5 << 20 || std::exchange(broke, true)) return absl::OkStatus();
    return Unavailable(reason::kUpstreamUnavailable, "the source's connection broke");
  };
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 8 * kMiB);
}

}  // namespace
}  // namespace gantry
