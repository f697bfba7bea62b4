// The client against a daemon that the test plays itself, over a real gRPC server.
#include <gmock/gmock.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "clients/cpp/push.h"

namespace gantry::client {
namespace {

grpc::Status Rich(grpc::StatusCode code, const std::string& message, const std::string& reason,
                  int64_t retry_ms = -1) {
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("gantry");
  (*info.mutable_metadata())["remedy"] = "do this";
  status.add_details()->PackFrom(info);
  if (retry_ms >= 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(retry_ms / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_ms % 1000 * 1'000'000));
    status.add_details()->PackFrom(retry);
  }
  return {code, message, status.SerializeAsString()};
}

TEST(FromGrpc, SaysEveryViolationOnce) {
  google::rpc::Status rich;
  google::rpc::BadRequest bad;
  for (const char* field : {"uri", "name"}) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(field);
    violation.set_description(std::string("the ") + field + " is wrong");
  }
  rich.add_details()->PackFrom(bad);
  const absl::Status status = FromGrpc(
      {grpc::StatusCode::INVALID_ARGUMENT, "uri: the uri is wrong", rich.SerializeAsString()});
  EXPECT_EQ(MessageOf(status), "uri: the uri is wrong\n  name: the name is wrong");
}

// Two layers, handed out in pieces of odd sizes.
class TestSource final : public ImageSource {
 public:
  TestSource() {
    image_.manifests.emplace_back();
    for (const std::string& bytes : {std::string("{}"), std::string(3'000'000, 'a'),
                                     std::string(1'048'576, 'b'), std::string()}) {
      const Digest digest = Digest::Of(bytes);
      blobs_[digest.text()] = bytes;
      image_.manifests[0].blobs.push_back({.media_type = "application/x",
                                           .digest = digest,
                                           .size = static_cast<int64_t>(bytes.size()),
                                           .diff_id = std::nullopt,
                                           .urls = {}});
    }
  }
  absl::StatusOr<SourceImage> Load(const CallContext&) override { return image_; }
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext&, const SourceBlob& blob,
                                                       int64_t offset) override {
    ++opened;
    if (fail) return FailedPrecondition(reason::kSourceUnreadable, "the disk is gone");
    return std::make_unique<StringReader>(
        blobs_.at(blob.key()).substr(static_cast<size_t>(offset)));
  }

  std::map<std::string, std::string> blobs_;
  SourceImage image_;
  std::atomic<int> opened = 0;
  std::atomic<bool> fail = false;
};

// Reads all blobs by ranges, several outstanding, then answers with an image of what it got.
class FakeDaemon final : public v1::ContainerRegistry::Service {
 public:
  grpc::Status GetFlavor(grpc::ServerContext*, const v1::GetFlavorRequest* request,
                         v1::Flavor* flavor) override {
    if (++calls <= failures) {
      return Rich(grpc::StatusCode::UNAVAILABLE, "not now", "DRAINING", retry_ms);
    }
    if (request->name() == "none") {
      return Rich(grpc::StatusCode::NOT_FOUND, "no such flavor", "FLAVOR_NOT_FOUND");
    }
    flavor->set_name(request->name());
    return grpc::Status::OK;
  }

  // Three registries, one a page.
  grpc::Status ListRegistries(grpc::ServerContext*, const v1::ListRegistriesRequest* request,
                              v1::ListRegistriesResponse* page) override {
    const std::string& token = request->page_token();
    page->add_registries()->set_name(token.empty() ? "a" : token);
    if (token.empty()) page->set_next_page_token("b");
    if (token == "b") page->set_next_page_token("c");
    return grpc::Status::OK;
  }

  grpc::Status PushImage(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::PushImageResponse, v1::PushImageRequest>* stream) override {
    v1::PushImageRequest request;
    if (!stream->Read(&request) || !request.has_start()) return grpc::Status::CANCELLED;
    request_ids.push_back(request.start().request_id());
    if (++calls <= failures) {
      return Rich(grpc::StatusCode::UNAVAILABLE, "draining", "DRAINING", retry_ms);
    }
    v1::PushImageResponse progress;
    progress.mutable_progress()->set_notice("begun");
    stream->Write(progress);
    if (never_ends) {
      while (stream->Read(&request)) {
      }
      saw_cancel = context->IsCancelled();
      return grpc::Status::CANCELLED;
    }
    const v1::AssembledImage image = request.start().source().client().assembled();
    std::vector<v1::Blob> blobs = {image.config()};
    blobs.insert(blobs.end(), image.layers().begin(), image.layers().end());
    constexpr int64_t kPart = 700'000;
    std::map<uint64_t, std::pair<std::string, int64_t>> outstanding;
    uint64_t next = 1;
    for (const v1::Blob& blob : blobs) {
      for (int64_t offset = 0; offset <= blob.size(); offset += kPart) {
        v1::PushImageResponse response;
        response.mutable_read()->set_read_id(next);
        response.mutable_read()->set_blob(blob.digest());
        response.mutable_read()->set_offset(offset);
        response.mutable_read()->set_length(kPart);
        outstanding[next++] = {blob.digest(), offset};
        stream->Write(response);
      }
    }
    while (!outstanding.empty() && stream->Read(&request)) {
      const v1::BlobChunk& chunk = request.chunk();
      if (!chunk.error().empty()) {
        return Rich(grpc::StatusCode::FAILED_PRECONDITION, chunk.error(), "SOURCE_UNREADABLE");
      }
      const auto [blob, offset] = outstanding.at(chunk.read_id());
      std::string& bytes = got[blob];
      if (bytes.size() < static_cast<size_t>(offset) + chunk.data().size()) {
        bytes.resize(static_cast<size_t>(offset) + chunk.data().size());
      }
      bytes.replace(static_cast<size_t>(offset), chunk.data().size(), chunk.data());
      outstanding.erase(chunk.read_id());
    }
    v1::PushImageResponse response;
    response.mutable_image()->set_digest("sha256:done");
    stream->Write(response);
    return grpc::Status::OK;
  }

  int failures = 0;
  int64_t retry_ms = 1;
  bool never_ends = false;
  std::atomic<bool> saw_cancel = false;
  std::atomic<int> calls = 0;
  std::vector<std::string> request_ids;
  std::map<std::string, std::string> got;
};

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&daemon_);
    server_ = builder.BuildAndStart();
    options_.address = "127.0.0.1:" + std::to_string(port);
  }
  ~ClientTest() override { server_->Shutdown(); }

  FakeDaemon daemon_;
  std::unique_ptr<grpc::Server> server_;
  ClientOptions options_;
};

TEST_F(ClientTest, ErrorsCarryReasonAndRemedy) {
  v1::GetFlavorRequest request;
  request.set_name("none");
  const auto flavor = Client(options_).Call(&v1::ContainerRegistry::Stub::GetFlavor, request);
  EXPECT_EQ(flavor.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(flavor.status()), "FLAVOR_NOT_FOUND");
  EXPECT_EQ(DetailOf(flavor.status()).remedy, "do this");
  EXPECT_EQ(daemon_.calls, 1) << "what cannot help is not repeated";
}

TEST_F(ClientTest, RepeatsWhatIsUnavailable) {
  daemon_.failures = 2;
  v1::GetFlavorRequest request;
  request.set_name("default");
  EXPECT_TRUE(Client(options_).Call(&v1::ContainerRegistry::Stub::GetFlavor, request).ok());
  EXPECT_EQ(daemon_.calls, 3);
}

TEST_F(ClientTest, WaitsAsLongAsTheDaemonAsks) {
  daemon_.failures = 1;
  daemon_.retry_ms = 300;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(
      Client(options_).Call(&v1::ContainerRegistry::Stub::GetFlavor, v1::GetFlavorRequest()).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(300));
}

TEST_F(ClientTest, GivesUpAfterItsAttempts) {
  daemon_.failures = 100;
  options_.max_attempts = 3;
  const auto flavor =
      Client(options_).Call(&v1::ContainerRegistry::Stub::GetFlavor, v1::GetFlavorRequest());
  EXPECT_EQ(ReasonOf(flavor.status()), "DRAINING");
  EXPECT_EQ(daemon_.calls, 3);
}

TEST_F(ClientTest, NeverWaitsBeyondItsDeadline) {
  daemon_.failures = 1;
  daemon_.retry_ms = 30'000;
  options_.timeout = std::chrono::seconds(10);
  const auto flavor =
      Client(options_).Call(&v1::ContainerRegistry::Stub::GetFlavor, v1::GetFlavorRequest());
  EXPECT_EQ(ReasonOf(flavor.status()), "DRAINING");
  EXPECT_EQ(DetailOf(flavor.status()).retry_after, std::chrono::seconds(30));
  EXPECT_EQ(daemon_.calls, 1);
}

TEST_F(ClientTest, FollowsAListToItsLastPage) {
  const auto all = Client(options_).CallAll(&v1::ContainerRegistry::Stub::ListRegistries, {});
  ASSERT_TRUE(all.ok()) << all.status();
  std::string names;
  for (const v1::Registry& registry : all->registries()) names += registry.name();
  EXPECT_EQ(names, "abc");
  EXPECT_EQ(all->next_page_token(), "");
}

TEST_F(ClientTest, SaysHowToStartADaemonThatIsNotThere) {
  server_->Shutdown();
  options_.max_attempts = 1;
  const auto flavor =
      Client(options_).Call(&v1::ContainerRegistry::Stub::GetFlavor, v1::GetFlavorRequest());
  EXPECT_EQ(flavor.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(flavor.status())), testing::HasSubstr(options_.address));
  EXPECT_THAT(DetailOf(flavor.status()).remedy, testing::HasSubstr("gantryd --dev"));
}

TEST_F(ClientTest, ServesBlobsByRangeWithoutReopening) {
  TestSource source;
  PushOptions push;
  push.source = &source;
  const auto image = PushImage(Client(options_), push);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->digest(), "sha256:done");
  EXPECT_EQ(daemon_.got, source.blobs_);
  EXPECT_EQ(source.opened, 4) << "one reader a blob, though it was read in many ranges";
}

TEST_F(ClientTest, RepeatsAPushUnderTheSameRequestId) {
  daemon_.failures = 1;
  TestSource source;
  PushOptions push;
  push.source = &source;
  ASSERT_TRUE(PushImage(Client(options_), push).ok());
  ASSERT_EQ(daemon_.request_ids.size(), 2U);
  EXPECT_EQ(daemon_.request_ids[0], daemon_.request_ids[1]);
  EXPECT_NE(daemon_.request_ids[0], "");
}

TEST_F(ClientTest, ASourceThatFailsEndsThePush) {
  TestSource source;
  source.fail = true;
  PushOptions push;
  push.source = &source;
  const auto image = PushImage(Client(options_), push);
  EXPECT_EQ(ReasonOf(image.status()), "SOURCE_UNREADABLE");
  EXPECT_THAT(std::string(MessageOf(image.status())), testing::HasSubstr("the disk is gone"));
}

TEST_F(ClientTest, TellsProgressOnTheCallingThread) {
  TestSource source;
  PushOptions push;
  push.source = &source;
  std::vector<std::string> notices;
  push.on_progress = [&, caller = std::this_thread::get_id()](const v1::PushProgress& progress) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    notices.push_back(progress.notice());
  };
  ASSERT_TRUE(PushImage(Client(options_), push).ok());
  EXPECT_THAT(notices, testing::ElementsAre("begun"));
}

TEST_F(ClientTest, CancelledInTheMiddleOfAPush) {
  daemon_.never_ends = true;
  std::stop_source stop;
  options_.stop = stop.get_token();
  TestSource source;
  PushOptions push;
  push.source = &source;
  push.on_progress = [&](const v1::PushProgress&) { stop.request_stop(); };
  EXPECT_EQ(PushImage(Client(options_), push).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(daemon_.calls, 1) << "not repeated";
  server_->Shutdown();  // waits for the daemon's handler
  EXPECT_TRUE(daemon_.saw_cancel);
}

TEST_F(ClientTest, SaysWhenItsTimeIsUp) {
  daemon_.never_ends = true;
  options_.timeout = std::chrono::milliseconds(200);
  TestSource source;
  PushOptions push;
  push.source = &source;
  const auto image = PushImage(Client(options_), push);
  EXPECT_EQ(ReasonOf(image.status()), reason::kDeadlineExceeded);
  EXPECT_THAT(DetailOf(image.status()).remedy, testing::HasSubstr("--timeout"));
  EXPECT_EQ(daemon_.calls, 1);
}

TEST_F(ClientTest, CancelledBeforeItBegan) {
  std::stop_source stop;
  stop.request_stop();
  options_.stop = stop.get_token();
  TestSource source;
  PushOptions push;
  push.source = &source;
  EXPECT_EQ(PushImage(Client(options_), push).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace gantry::client
