#include "oci/docker_engine.h"

#include "net/curl_http_client.h"
#include "oci/source_test_world.h"
#include "tests/fakes/http_server.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An engine that knows one image.
struct DockerEngineTest : SourceTest {
  void Serve(const fakes::Request& request, fakes::Exchange& exchange) {
    if (request.path == "/images/app:1/json") {
      exchange.Reply(inspect_status, {}, inspect_body);
    } else if (request.path == "/images/app:1/get") {
      if (++saved == 2 && break_off > 0) {
        exchange.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        exchange.Write(fmt::format("{:x}\r\n{}\r\n", break_off, archive.substr(0, break_off)));
        exchange.Reset();
      } else {
        exchange.Reply(save_status, {}, save_status == 200 ? archive : R"({"message":"no room"})");
      }
    } else {
      exchange.Reply(404, {}, R"({"message":"No such image"})");
    }
  }
  std::unique_ptr<ImageSource> Open(const std::string& image = "app:1") {
    return OpenDockerEngine(http, socket, image);
  }

  const std::string one = LayerFake(std::string(100'000, '1'));
  const std::string two = LayerFake(std::string(100'000, '2'));
  std::string archive = DockerSaveFake().Image({"app:1"}, {one, two}).Tar();
  int inspect_status = 200, save_status = 200;
  std::string inspect_body = "{}";
  size_t break_off = 0;
  int saved = 0;
  const std::string socket = dir / "engine.sock";
  fakes::HttpServer server{
      [this](const fakes::Request& request, fakes::Exchange& exchange) { Serve(request, exchange); },
      {.tls = false, .read_body = true, .unix_path = socket}};
  CurlHttpClient http;
};

TEST_F(DockerEngineTest, AnImageIsReadThroughTheSocketInOnePassForItsBytes) {
  const auto source = Open();
  const auto image = source->Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_THAT(image->platforms, ElementsAre("linux/amd64"));
  EXPECT_EQ(source->max_parallel_reads(), 1);
  std::vector<SourceBlob> blobs = image->manifests[0].blobs;
  std::sort(blobs.begin(), blobs.end(), [&](const SourceBlob& a, const SourceBlob& b) {
    return source->ReadRank(a) < source->ReadRank(b);
  });
  EXPECT_TRUE(Read(*source, blobs[0]) == Gzip(one));
  EXPECT_TRUE(Read(*source, blobs[1]) == Gzip(two));
  EXPECT_EQ(Read(*source, blobs[2]), ConfigFake({one, two}));
  EXPECT_EQ(saved, 2) << "once for what it is, once for its bytes";
  ExpectWhole(*source, *image);
}

TEST_F(DockerEngineTest, TheContainerdStoreGivesALayout) {
  LayoutFake layout;
  const Descriptor root = layout.AddImage({"one"});
  archive = layout.Root({DockerNamed(root, "docker.io/library/app:1")}).Tar();
  const auto source = Open();
  const auto image = source->Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->manifests[0].descriptor->digest, root.digest);
  ExpectWhole(*source, *image);
}

TEST_F(DockerEngineTest, AnUnknownImageIsNotFound) {
  for (const char* name : {"none", "a/b c?d#e", "../../containers"}) {
    ExpectFails(Open(name)->Load(call).status(), StatusCode::kNotFound, reason::kSourceNotFound,
                name);
  }
  EXPECT_EQ(server.Count("GET", "/containers/"), 0) << "a name is one part of a path";
  EXPECT_EQ(saved, 0);
}

TEST_F(DockerEngineTest, TheEnginesOwnWordsAreTold) {
  save_status = 500;
  ExpectFails(Open()->Load(call).status(), StatusCode::kFailedPrecondition,
              reason::kSourceUnreadable, "500: no room");
  inspect_status = 500;
  inspect_body = R"({"message":"the store is broken"})";
  ExpectFails(Open()->Load(call).status(), StatusCode::kFailedPrecondition,
              reason::kSourceUnreadable, "500: the store is broken");
  inspect_body = "<html>";
  ExpectFails(Open()->Load(call).status(), StatusCode::kFailedPrecondition,
              reason::kSourceUnreadable, "500");
}

TEST_F(DockerEngineTest, NoEngineAtTheSocketIsSaid) {
  const auto source = OpenDockerEngine(http, dir / "none.sock", "app:1");
  const absl::Status status = source->Load(call).status();
  ExpectFails(status, StatusCode::kFailedPrecondition, reason::kSourceUnreadable, "none.sock");
  EXPECT_THAT(DetailOf(status).remedy, HasSubstr("DOCKER_HOST"));
}

TEST_F(DockerEngineTest, ATruncatedAnswerIsNoImage) {
  archive.resize(archive.size() / 2);
  ExpectFails(Open()->Load(call).status(), StatusCode::kInvalidArgument, reason::kSourceInvalid,
              "ends in the middle");
}

TEST_F(DockerEngineTest, AnEngineThatBreaksOffIsAskedAgain) {
  break_off = 70'000;  // in the middle of the first layer
  const auto source = Open();
  const auto image = source->Load(call);
  ASSERT_TRUE(image.ok()) << image.status();
  const SourceBlob& layer = image->manifests[0].blobs[1];
  EXPECT_EQ(Read(*source, layer), reason::kSourceUnreadable);
  EXPECT_TRUE(Read(*source, layer) == Gzip(one));
}

TEST_F(DockerEngineTest, ACallThatEndsStopsTheReading) {
  const auto source = Open();
  call.RequestStop();
  EXPECT_EQ(source->Load(call).status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace gantry
