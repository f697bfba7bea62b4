#include "oci/docker_engine.h"

#include <utility>

#include "base/status.h"
#include "oci/byte_pipe.h"
#include "oci/docker_archive.h"
#include "oci/json.h"
#include "oci/tar_files.h"

namespace gantry {
namespace {

HttpRequest EngineRequest(const std::string& socket, const std::string& path) {
  HttpRequest request;
  request.url = "http://docker" + path;
  request.transport.unix_socket = socket;
  request.response_timeout = std::chrono::minutes(10);  // an engine may pack a large image first
  return request;
}

std::string ImagePath(const std::string& image) { return "/images/" + UrlEncode(image); }

absl::Status Unreadable(const std::string& socket, const absl::Status& why) {
  if (why.code() == absl::StatusCode::kCancelled ||
      why.code() == absl::StatusCode::kDeadlineExceeded) {
    return why;
  }
  return FailedPrecondition(reason::kSourceUnreadable, "no Docker engine answers at {}: {}", socket,
                            MessageOf(why))
      .Remedy("start the engine, give this user access to its socket, or set DOCKER_HOST to where it "
              "listens");
}

class DockerEngineSource final : public ImageSource {
 public:
  DockerEngineSource(HttpClient& http, std::string socket, std::string image)
      : http_(http), socket_(std::move(socket)), image_(std::move(image)),
        archive_(OpenTarStream("image " + image_,
                               [this](const CallContext& call) { return Save(call); }),
                 "") {}

  absl::StatusOr<SourceImage> Load(const CallContext& call) override {
    const auto answer = http_.Do(call, EngineRequest(socket_, ImagePath(image_) + "/json"));
    if (!answer.ok()) return Unreadable(socket_, answer.status());
    if (answer->status == 404) {
      return NotFound(reason::kSourceNotFound, "the Docker engine has no image '{}'",
                      Excerpt(image_, 200))
          .Remedy("see 'docker image ls'");
    }
    if (answer->status != 200) return Refused(*answer);
    return archive_.Load(call);
  }
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override {
    return archive_.OpenBlob(call, blob, offset);
  }
  int max_parallel_reads() const override { return 1; }
  int64_t ReadRank(const SourceBlob& blob) const override { return archive_.ReadRank(blob); }

 private:
  absl::Status Refused(const HttpResponse& answer) const {
    const auto json = ParseJson(answer.body);
    const std::string message = json.ok() ? GetString(*json, "message").value_or("") : "";
    return FailedPrecondition(reason::kSourceUnreadable, "the Docker engine answers {}: {}",
                              answer.status, Excerpt(message, 200))
        .Remedy("see the engine's log");
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> Save(const CallContext& call) {
    return StreamFrom(call, [this](const CallContext& inner, ByteWriter& out) -> absl::Status {
      HttpRequest request = EngineRequest(socket_, ImagePath(image_) + "/get");
      request.download = &out;
      const auto answer = http_.Do(inner, request);
      if (!answer.ok()) return Unreadable(socket_, answer.status());
      return answer->status == 200 ? absl::OkStatus() : Refused(*answer);
    });
  }

  HttpClient& http_;
  const std::string socket_, image_;
  DockerArchiveSource archive_;
};

}  // namespace

std::unique_ptr<ImageSource> OpenDockerEngine(HttpClient& http, std::string socket,
                                              std::string image) {
  return std::make_unique<DockerEngineSource>(http, std::move(socket), std::move(image));
}

}  // namespace gantry
