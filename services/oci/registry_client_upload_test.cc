#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "net/host_gate.h"
#include "oci/fake_http.h"
#include "oci/registry_client.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kRepo[] = "team/app";
constexpr char kUpload[] = "https://r.example.com/v2/team/app/blobs/uploads/u?_state=a%2Bb";

std::string ErrorJson(std::string_view code) {
  return fmt::format(R"({{"errors":[{{"code":"{}"}}]}})", code);
}

RegistryClient::OpenBody Body(const std::string& bytes) {
  return [bytes] { return std::make_unique<StringReader>(bytes); };
}

class RegistryUploadTest : public ::testing::Test {
 protected:
  RegistryUploadTest()
      : client_(http_, "r.example.com", {}, std::make_shared<AnonymousCredentials>(), nullptr) {}

  // What a PATCH of 10 bytes at offset 0 leads to.
  int64_t OffsetAfter(int status, HttpHeaders headers, int64_t size = 10) {
    answer_ = Answer(status, std::move(headers));
    UploadSession session{kUpload};
    const std::string bytes(static_cast<size_t>(size), 'x');
    EXPECT_TRUE(client_.PatchUpload(call_, kRepo, session, Body(bytes), size, true).ok());
    return session.offset;
  }

  ManualClock clock_;
  CallContext call_{clock_, std::chrono::minutes(60), "r"};
  HttpResponse answer_ = Answer(500);
  FakeHttp http_{[this](const SeenRequest&) { return answer_; }};
  RegistryClient client_;
  const Digest blob_ = Digest::Of("content");
};

TEST_F(RegistryUploadTest, OpensASession) {
  answer_ = Answer(202, {{"Location", "/v2/team/app/blobs/uploads/u?_state=a%2Bb"},
                         {"Range", "0-0"},
                         {"OCI-Chunk-Min-Length", "5242880"}});
  const auto session = client_.OpenUpload(call_, kRepo);
  EXPECT_EQ(session->location, kUpload);
  EXPECT_EQ(session->offset, 0);
  EXPECT_EQ(session->min_chunk_bytes, 5242880);
  EXPECT_THAT(http_.lines(), ElementsAre("POST https://r.example.com/v2/team/app/blobs/uploads/"));
}

TEST_F(RegistryUploadTest, AServerThatSays200ToEverythingOpensNothing) {
  for (const int status : {200, 204, 206}) {
    answer_ = Answer(status);
    EXPECT_EQ(ReasonOf(client_.OpenUpload(call_, kRepo).status()), "INTEGRITY") << status;
  }
  for (const HttpResponse& answer : {Answer(202), Answer(202, {{"Location", ""}}), Answer(302)}) {
    answer_ = answer;
    EXPECT_EQ(ReasonOf(client_.OpenUpload(call_, kRepo).status()), "UPSTREAM_PROTOCOL");
  }
  answer_ = Answer(404, {}, ErrorJson("NAME_UNKNOWN"));
  EXPECT_EQ(ReasonOf(client_.OpenUpload(call_, kRepo).status()), "REPOSITORY_NOT_FOUND");
}

TEST_F(RegistryUploadTest, MountsOrGoesOnInTheSessionItGot) {
  answer_ = Answer(201, {{"Docker-Content-Digest", blob_.text()}});
  EXPECT_EQ(client_.Mount(call_, kRepo, blob_, "base/image")->has_value(), false);
  EXPECT_THAT(http_.lines()[0], HasSubstr("?mount=" + blob_.text() + "&from=base%2Fimage"));
  answer_ = Answer(202, {{"Location", kUpload}});
  EXPECT_EQ((*client_.Mount(call_, kRepo, blob_, "base"))->location, kUpload);
  answer_ = Answer(202);
  EXPECT_FALSE(client_.Mount(call_, kRepo, blob_, "base").ok());
  answer_ = Answer(201, {{"Docker-Content-Digest", Digest::Of("x").text()}});
  EXPECT_EQ(ReasonOf(client_.Mount(call_, kRepo, blob_, "base").status()), "INTEGRITY");
}

TEST_F(RegistryUploadTest, AChunkSaysWhereItGoesAndTheNewestLocationCounts) {
  answer_ = Answer(202, {{"Location", "https://r.example.com/next?_state=2"}, {"Range", "0-9"}});
  UploadSession session{kUpload, 4};
  EXPECT_TRUE(client_.PatchUpload(call_, kRepo, session, Body("456789"), 6, true).ok());
  EXPECT_EQ(session.location, "https://r.example.com/next?_state=2");
  EXPECT_EQ(session.offset, 10);
  const SeenRequest request = http_.seen()[0];
  EXPECT_EQ(request.method + " " + request.url, std::string("PATCH ") + kUpload);
  EXPECT_EQ(request.headers.Get("Content-Range"), "4-9");
  EXPECT_EQ(request.headers.Get("Content-Type"), "application/octet-stream");
  EXPECT_EQ(request.upload_size, 6);
  EXPECT_EQ(request.body, "456789");
}

TEST_F(RegistryUploadTest, AStreamHasNoRange) {
  answer_ = Answer(204);
  UploadSession session{kUpload};
  EXPECT_TRUE(
      client_.PatchUpload(call_, kRepo, session, Body("content"), std::nullopt, false).ok());
  EXPECT_EQ(session.offset, 7);
  EXPECT_EQ(http_.seen()[0].headers.Get("Content-Range"), std::nullopt);
  EXPECT_EQ(http_.seen()[0].upload_size, std::nullopt);
  EXPECT_EQ(session.location, kUpload);
}

TEST_F(RegistryUploadTest, RangesAreReadAsRegistriesWriteThem) {
  EXPECT_EQ(OffsetAfter(202, {{"Range", "0-9"}}), 10);
  EXPECT_EQ(OffsetAfter(202, {{"Range", "bytes=0-9"}}), 10);
  EXPECT_EQ(OffsetAfter(202, {{"Range", "bytes 0-9/*"}}), 10);
  EXPECT_EQ(OffsetAfter(202, {{"Range", "bytes=0--1"}}), 0);
  EXPECT_EQ(OffsetAfter(202, {{"Range", "0-4"}}), 5) << "less than was sent";
  EXPECT_EQ(OffsetAfter(202, {{"Range", "0-0"}}), 0);
  EXPECT_EQ(OffsetAfter(202, {{"Range", "0-0"}}, 1), 1) << "one byte was sent";
  EXPECT_EQ(OffsetAfter(201, {}), 10);
  for (const char* garbage :
       {"", "x", "0-", "-", "0-99999999999999999999", "0-9223372036854775807", "0--7"}) {
    EXPECT_EQ(OffsetAfter(202, {{"Range", garbage}}), 10) << garbage;
  }
}

TEST_F(RegistryUploadTest, A416CarriesTheTrueOffset) {
  answer_ = Answer(416, {{"Range", "0-3"}, {"Location", "/v2/next"}}, ErrorJson("RANGE_INVALID"));
  UploadSession session{kUpload, 8};
  const auto status = client_.PatchUpload(call_, kRepo, session, Body("xx"), 2, true);
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_REJECTED");
  EXPECT_EQ(DetailOf(status).metadata.at("httpStatus"), "416");
  EXPECT_EQ(session.offset, 4);
  EXPECT_EQ(session.location, "https://r.example.com/v2/next");
  answer_ = Answer(416);
  EXPECT_FALSE(client_.PatchUpload(call_, kRepo, session, Body("xx"), 2, true).ok());
  EXPECT_EQ(session.offset, 4);
}

TEST_F(RegistryUploadTest, ALostSessionIsToldApart) {
  UploadSession session{kUpload};
  for (const HttpResponse& lost : {Answer(404), Answer(404, {}, ErrorJson("BLOB_UPLOAD_UNKNOWN")),
                                   Answer(400, {}, ErrorJson("BLOB_UPLOAD_INVALID"))}) {
    answer_ = lost;
    for (const absl::Status& status :
         {client_.PatchUpload(call_, kRepo, session, Body("x"), 1, true),
          client_.CommitUpload(call_, kRepo, session, blob_, 1).status()}) {
      EXPECT_EQ(ReasonOf(status), "UPSTREAM_REJECTED");
      EXPECT_THAT(DetailOf(status).metadata.at("upstreamCode"), HasSubstr("BLOB_UPLOAD_"));
    }
  }
}

TEST_F(RegistryUploadTest, CommitsWithOrWithoutTheBytes) {
  answer_ = Answer(201, {{"Docker-Content-Digest", blob_.text()}});
  UploadSession session{kUpload};
  EXPECT_EQ(*client_.CommitUpload(call_, kRepo, session, blob_, 7, Body("content")), 201);
  answer_ = Answer(204);
  EXPECT_EQ(*client_.CommitUpload(call_, kRepo, session, blob_, int64_t{20} << 30), 204);
  const auto seen = http_.seen();
  EXPECT_EQ(seen[0].url, kUpload + ("&digest=" + blob_.text()));
  EXPECT_EQ(seen[0].body, "content");
  EXPECT_EQ(seen[0].upload_size, 7);
  EXPECT_EQ(seen[0].response_timeout, std::chrono::minutes(5));
  EXPECT_FALSE(seen[1].streamed);
  EXPECT_GT(seen[1].response_timeout, std::chrono::minutes(15)) << "20 GiB take their time";
}

TEST_F(RegistryUploadTest, ACommitOfOtherBytesIsAnIntegrityError) {
  UploadSession session{kUpload};
  answer_ = Answer(201, {{"Docker-Content-Digest", Digest::Of("x").text()}});
  EXPECT_EQ(ReasonOf(client_.CommitUpload(call_, kRepo, session, blob_, 7).status()), "INTEGRITY");
  answer_ = Answer(202);
  EXPECT_EQ(ReasonOf(client_.CommitUpload(call_, kRepo, session, blob_, 7).status()),
            "UPSTREAM_PROTOCOL");
  answer_ = Answer(400, {}, ErrorJson("DIGEST_INVALID"));
  EXPECT_EQ(ReasonOf(client_.CommitUpload(call_, kRepo, session, blob_, 7).status()), "INTEGRITY");
}

TEST_F(RegistryUploadTest, AsksWhereASessionStands) {
  UploadSession session{kUpload, 99};
  answer_ = Answer(204, {{"Range", "0-49"}, {"Location", "/v2/next"}});
  EXPECT_TRUE(client_.SyncUpload(call_, kRepo, session).ok());
  EXPECT_EQ(session.offset, 50);
  EXPECT_EQ(session.location, "https://r.example.com/v2/next");
  answer_ = Answer(204, {{"Range", "0-0"}});
  EXPECT_TRUE(client_.SyncUpload(call_, kRepo, session).ok());
  EXPECT_EQ(session.offset, 0);
  for (const HttpResponse& gone : {Answer(404), Answer(204)}) {
    answer_ = gone;
    EXPECT_EQ(ReasonOf(client_.SyncUpload(call_, kRepo, session)), reason::kUpstreamRejected);
  }
}

TEST_F(RegistryUploadTest, CancellingWorksForACallThatWasCancelled) {
  answer_ = Answer(204);
  call_.RequestStop();
  client_.CancelUpload(call_, kRepo, {kUpload});
  EXPECT_THAT(http_.lines(), ElementsAre(std::string("DELETE ") + kUpload));
}

TEST_F(RegistryUploadTest, AnUploadThatWasCutIsClosedWhenTheRegistryKnowsItAgain) {
  answer_ = Answer(404);
  client_.CancelUpload(call_, kRepo, {kUpload});
  EXPECT_EQ(http_.lines().size(), 1u) << "not cut, but gone";
  call_.RequestStop();
  client_.CancelUpload(call_, kRepo, {kUpload});
  EXPECT_GT(http_.lines().size(), 3u);
  EXPECT_LE(clock_.slept(), milliseconds(2'000));
}

TEST_F(RegistryUploadTest, CancellingAsksForTheDeleteRightOnlyWhereItIsNeeded) {
  bool needs_delete = true;
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    if (request.url.rfind("https://r.example.com/token", 0) == 0) {
      const bool asked = request.url.find("delete") != std::string::npos;
      return Answer(200, {}, asked ? R"({"token":"strong"})" : R"({"token":"weak"})");
    }
    const std::string token = request.authorization();
    if (token == "Bearer strong" || (token == "Bearer weak" && !needs_delete)) return Answer(204);
    return Answer(401, {{"WWW-Authenticate",
                         "Bearer realm=/token,scope=\"repository:team/app:delete\","
                         "error=insufficient_scope"}});
  });
  RegistryClient client(http, "r.example.com", {},
                        std::make_shared<FakeCredentials>(BasicCredential("a", "b")), nullptr);
  client.CancelUpload(call_, kRepo, {kUpload});
  EXPECT_EQ(http.seen().back().authorization(), "Bearer strong");
  needs_delete = false;
  client.CancelUpload(call_, kRepo, {kUpload});
  EXPECT_EQ(http.seen().back().authorization(), "Bearer weak");
}

TEST_F(RegistryUploadTest, AnUploadGoesToAnotherHostWithoutTheLogin) {
  auto login = std::make_shared<FakeCredentials>(BasicCredential("ann", "s3cret"));
  FakeHttp http([&](const SeenRequest& request) -> absl::StatusOr<HttpResponse> {
    if (request.url.rfind("https://s3.example.net/", 0) == 0) return Answer(201);
    if (request.authorization().empty()) return Answer(401, {{"WWW-Authenticate", "Basic"}});
    return Answer(202, {{"Location", "https://s3.example.net/u?sig=1"}});
  });
  RegistryClient client(http, "r.example.com", {}, login, nullptr);
  auto session = client.OpenUpload(call_, kRepo);
  EXPECT_EQ(*client.CommitUpload(call_, kRepo, *session, blob_, 7, Body("content")), 201);
  EXPECT_EQ(http.seen().back().authorization(), "");
  EXPECT_EQ(http.seen().back().addresses, AddressPolicy::kPublicOnly);
}

}  // namespace
}  // namespace gantry
