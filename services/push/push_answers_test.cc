// Answers that come early, are odd, or lie.
#include "push/push_test_fixture.h"

namespace gantry {
namespace {

using fakes::On;
using fakes::Reply;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kTooLarge[] =
    "<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>";

// A proxy that lets through so many bytes at once.
fakes::Fault LimitedTo(const std::string& request, int64_t bytes) {
  return On(request).LargerThan(bytes).Always().After(64 << 10).Answer(
      413, {{"Content-Type", "text/html"}, {"Connection", "close"}}, kTooLarge);
}

TEST_F(PushTest, ABodyThatIsTooLargeForAProxyGoesInSmallerParts) {
  MakeOneLayer(6 * kMiB);
  registry_.Script(LimitedTo("PATCH upload", 2 << 20));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 4) << "of 1.5 MiB";
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 6 * kMiB);
  EXPECT_THAT(progress_.notices(), ElementsAre(HasSubstr("sending at most 1572864")));
}

TEST_F(PushTest, AWholeBlobThatIsTooLargeForAProxyGoesInParts) {
  MakeOneLayer(6 * kMiB);
  plan_.method = UploadMethod::kMonolithic;
  registry_.Script(LimitedTo("PUT upload", 1 << 20));
  registry_.Script(LimitedTo("PATCH upload", 1 << 20));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PUT upload 413"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 12) << "of 512 KiB";
  EXPECT_EQ(store_.received_bytes(), 6 * kMiB);
}

// The Range of the first part, ever after.
fakes::Fault StuckRange(const std::string& range) {
  return On("PATCH upload").Always().Change([range](Reply& reply) { reply.Set("Range", range); });
}

TEST_F(PushTest, WhereThePlanSaysSoARangeIsNotBelieved) {
  MakeOneLayer(6 * kMiB);
  plan_.method = UploadMethod::kMonolithic;
  plan_.no_range = true;
  plan_.min_part_bytes = 2 * kMiB;
  registry_.Script(LimitedTo("PUT upload", 5 << 19));
  registry_.Script(StuckRange("0-2097151"));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 3) << "of 2 MiB, not of 1.5 MiB";
  EXPECT_EQ(registry_.Count("GET upload"), 0);
}

TEST_F(PushTest, WithoutTheRangeABrokenUploadIsBegunAnew) {
  MakeOneLayer(6 * kMiB);
  plan_.no_range = true;
  registry_.Script(LimitedTo("PATCH upload", 2 << 20));
  registry_.Script(StuckRange("0-1572863"));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 4) << "of 1.5 MiB";
  EXPECT_EQ(registry_.Count("POST upload"), 2);
  EXPECT_EQ(registry_.Count("GET upload"), 0);
}

TEST_F(PushTest, NoPartIsSmallerThanTheRegistryTakes) {
  MakeOneLayer(6 * kMiB);
  plan_.min_part_bytes = 2 * kMiB;
  registry_.Script(LimitedTo("PATCH upload", 1 << 20));
  ExpectFailed(Push(), absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 2) << "6 MiB, 2 MiB";
}

TEST_F(PushTest, TheOtherBlobsOfAPushKnowOfTheLimit) {
  image_.AddManifest({{fakes::RandomBytes(4 * kMiB, 1)}, {fakes::RandomBytes(3 * kMiB, 2)}});
  registry_.Script(LimitedTo("PATCH upload", 1 << 20));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
}

TEST_F(PushTest, AProxyThatTakesNothingIsToldInItsOwnWords) {
  MakeOneLayer(6 * kMiB);
  registry_.Script(LimitedTo("PATCH upload", 1000));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("413 Request Entity Too Large nginx"));
  EXPECT_THAT(DetailOf(pushed.status()).remedy, HasSubstr("client_max_body_size"));
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 3) << "6 MiB, 1.5 MiB, 512 KiB";
}

TEST_F(PushTest, AStreamThatIsTooLargeForAProxyGoesInSmallerParts) {
  MakeOneUnpackedLayer(6 * kMiB);
  registry_.Script(LimitedTo("PATCH upload", 2 << 20));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 2) << "the stream, 4 MiB";
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 6) << "of 1 MiB, and none after the last";
  EXPECT_EQ(registry_.Count("POST upload"), 1);
  EXPECT_EQ(store_.received_bytes(), 6 * kMiB);
  EXPECT_THAT(progress_.notices(), ElementsAre(HasSubstr("refuses a whole layer at once"),
                                               HasSubstr("sending at most 1048576")));
}

TEST_F(PushTest, WhereThePlanSaysSoARangeOfAStreamsPartsIsNotBelieved) {
  MakeOneUnpackedLayer(10 * kMiB);
  plan_.method = UploadMethod::kMonolithic;
  plan_.no_range = true;
  plan_.min_part_bytes = 5 * kMiB;
  registry_.Script(LimitedTo("PATCH upload", 11 << 19));
  registry_.Script(StuckRange("0-5242879"));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 2) << "of 5 MiB, not of 4 MiB";
  EXPECT_EQ(registry_.Count("POST upload"), 2) << "a new session after the 413";
  EXPECT_EQ(registry_.Count("GET upload"), 0);
}

TEST_F(PushTest, TheOtherStreamsOfAPushKnowOfTheLimit) {
  image_.AddUnpacked({{fakes::RandomBytes(4 * kMiB, 1)}, {fakes::RandomBytes(kMiB / 2, 2)}});
  registry_.Script(LimitedTo("PATCH upload", 1 << 20));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 2) << "the stream, 4 MiB";
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 4 + 1 + 1) << "of 1 MiB, one layer, the config";
}

TEST_F(PushTest, APartOfAStreamIsAsLongAsTheRegistryWantsIt) {
  MakeOneUnpackedLayer(9 * kMiB);
  registry_.Script(
      On("POST upload").Change([](Reply& reply) { reply.Set("OCI-Chunk-Min-Length", "6291456"); }));
  registry_.Script(LimitedTo("PATCH upload", 7 << 20));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 2) << "6 MiB, 3 MiB; of 4 MiB it would be three";
}

TEST_F(PushTest, AWishForLongerChunksThanAreHeldIsNoReasonToStream) {
  MakeOneUnpackedLayer(33 * kMiB);
  plan_.method = UploadMethod::kChunked;
  plan_.chunk_bytes = 64 * kMiB;
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PATCH upload 202"), 2) << "32 MiB, the rest";
}

TEST_F(PushTest, APartOfAStreamThatWouldHaveToBeTooLongIsNotHeld) {
  MakeOneUnpackedLayer(2 * kMiB);
  plan_.min_part_bytes = 33 * kMiB;
  registry_.Script(LimitedTo("PATCH upload", 1 << 20));
  ExpectFailed(Push(), absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 1);
}

TEST_F(PushTest, AProxyThatTakesNothingOfAStreamIsToldInItsOwnWords) {
  MakeOneUnpackedLayer(6 * kMiB);
  registry_.Script(LimitedTo("PATCH upload", 1000));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("413 Request Entity Too Large nginx"));
  EXPECT_EQ(registry_.Count("PATCH upload 413"), 4) << "the stream, 4 MiB, 1 MiB, 512 KiB";
}

TEST_F(PushTest, APageOfAProxyIsToldInItsOwnWords) {
  MakeOneLayer(kMiB);
  registry_.Script(On("POST upload")
                       .Always()
                       .Answer(400, {{"Content-Type", "text/html"}},
                               "<html><h1>400 Bad Request</h1><p>squid</p></html>"));
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kFailedPrecondition, "UPSTREAM_REJECTED");
  EXPECT_THAT(MessageOf(pushed.status()), HasSubstr("HTTP 400: 400 Bad Request squid"));
  EXPECT_THAT(DetailOf(pushed.status()).remedy, HasSubstr("proxy"));
  EXPECT_EQ(registry_.Count("POST upload"), 1);
}

TEST_F(PushTest, AServerThatSays200ToEverythingLies) {
  MakeOneLayer(kMiB);
  for (const char* request :
       {"HEAD manifest", "GET manifest", "HEAD blob", "POST upload", "PATCH upload", "PUT upload",
        "PUT manifest", "HEAD tag", "PUT tag"}) {
    registry_.Script(On(request).Always().Answer(200));
  }
  const auto pushed = Push();
  ExpectFailed(pushed, absl::StatusCode::kDataLoss, "INTEGRITY");
  EXPECT_THAT(MessageOf(pushed.status()),
              HasSubstr("does not answer opening an upload like a registry"));
  EXPECT_THAT(DetailOf(pushed.status()).remedy, HasSubstr("the registry's own host name"));
  EXPECT_EQ(registry_.Count("PATCH"), 0) << "no byte is sent to it";
  EXPECT_EQ(registry_.Count("PUT"), 0) << "no manifest and no tag";
}

TEST_F(PushTest, ABlobThatIsNotThereAfterItsCommitIsSentOnceMore) {
  MakeOneLayer(kMiB);
  registry_.Script(On("HEAD blob").Times(2).Answer(404));
  ExpectStored(Push());
  EXPECT_EQ(registry_.Count("PUT upload 201"), 2);
}

TEST_F(PushTest, ABlobThatIsNeverThereIsAnIntegrityError) {
  MakeOneLayer(kMiB);
  registry_.Script(On("HEAD blob").Always().Answer(404));
  ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
  EXPECT_EQ(registry_.Count("PUT upload 201"), 2) << "once more, and no more";
}

TEST_F(PushTest, ACommitAnsweredWith204IsTakenWhereThePlanSaysSo) {
  MakeOneLayer(kMiB);
  plan_.lax_commit = true;
  registry_.Script(On("PUT upload").Change([](Reply& reply) { reply.status = 204; }));
  registry_.Script(On("PATCH upload").Change([](Reply& reply) { reply.status = 200; }));
  ExpectStored(Push());
  EXPECT_THAT(progress_.notices(), ElementsAre(HasSubstr("204")));
}

TEST_F(PushTest, ACommitAnsweredWith204IsElseRefusedAtOnce) {
  MakeOneLayer(kMiB);
  for (const int status : {200, 204}) {
    registry_.Script(On("PUT upload").Change([=](Reply& reply) { reply.status = status; }));
    ExpectFailed(Push(), absl::StatusCode::kFailedPrecondition, "UPSTREAM_PROTOCOL");
    store_.Forget(kRepo);
    store_.PutBlob(kRepo, image_.bytes.at(image_.blob(0, 0).key()));
  }
  EXPECT_EQ(registry_.Count("PUT upload"), 2) << "the same would come again";
}

TEST_F(PushTest, ACommitAnsweredWith200AndNothingStoredIsAnIntegrityError) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PUT upload").Always().Answer(200));
  ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
  EXPECT_EQ(registry_.Count("PUT upload"), 2) << "once more, and no more";
}

TEST_F(PushTest, AManifestAnsweredWith200AndNotStoredIsAnIntegrityError) {
  MakeOneLayer(kMiB);
  for (const int status : {200, 202, 204}) {
    registry_.Script(On("PUT manifest").Answer(status));
    ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
  }
  EXPECT_EQ(registry_.Count("PUT manifest"), 3);
  registry_.Script(On("PUT manifest").Change([](Reply& reply) { reply = {204}; }));
  ExpectStored(Push());
}

TEST_F(PushTest, ALaxCommitIsStillLookedAt) {
  MakeOneLayer(kMiB);
  plan_.lax_commit = true;
  registry_.Script(On("PUT upload").Always().Answer(204));
  ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
}

void NameAnotherDigest(Reply& reply) {
  reply.Set("Docker-Content-Digest", Digest::Of("other").text());
}

TEST_F(PushTest, ABlobStoredUnderAnotherDigestIsAnIntegrityError) {
  MakeOneLayer(kMiB);
  for (const UploadMethod method : {UploadMethod::kStream, UploadMethod::kMonolithic}) {
    plan_.method = method;
    plan_.repository = method == UploadMethod::kStream ? "a" : "b";
    registry_.Script(On("PUT upload").Times(2).Change(NameAnotherDigest));
    const int before = registry_.Count("PUT upload");
    ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
    EXPECT_EQ(registry_.Count("PUT upload") - before, 2) << "not tried more than once more";
  }
}

TEST_F(PushTest, AManifestStoredUnderAnotherDigestIsAnIntegrityError) {
  MakeOneLayer(kMiB);
  registry_.Script(On("PUT manifest").Change(NameAnotherDigest));
  ExpectFailed(Push(), absl::StatusCode::kDataLoss, "INTEGRITY");
  EXPECT_EQ(registry_.Count("PUT manifest"), 1);
  EXPECT_EQ(registry_.Count("PUT tag"), 0);
}

TEST_F(PushTest, ARegistryThatNamesNoDigestsIsFine) {
  MakeOneLayer(kMiB);
  const auto silence = [](Reply& reply) { reply.Remove("Docker-Content-Digest"); };
  for (const char* request : {"HEAD blob", "PUT upload", "PUT manifest", "HEAD manifest",
                              "GET manifest", "PUT tag", "HEAD tag", "GET tag"}) {
    registry_.Script(On(request).Always().Change(silence));
  }
  ExpectStored(Push());
  EXPECT_THAT(progress_.notices(), IsEmpty());
}

}  // namespace
}  // namespace gantry
