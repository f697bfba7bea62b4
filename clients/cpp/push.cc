#include "clients/cpp/push.h"

#include <mutex>
#include <optional>

#include "base/uuid.h"
#include "clients/cpp/blob_server.h"

namespace gantry::client {
namespace {

using PushStream = grpc::ClientReaderWriter<v1::PushImageRequest, v1::PushImageResponse>;

void Describe(const SourceBlob& blob, const ImageSource& source, v1::Blob& out) {
  if (blob.digest) {
    out.set_digest(blob.digest->text());
    out.set_size(blob.size);
  }
  if (blob.diff_id) out.set_diff_id(blob.diff_id->text());
  out.set_media_type(blob.media_type);
  out.set_read_rank(source.ReadRank(blob));
}

// The root's descriptor, or what it takes to write the manifest.
v1::ClientImage Describe(const SourceImage& image, const ImageSource& source) {
  v1::ClientImage out;
  const SourceManifest& root = image.manifests.back();
  if (root.descriptor) {
    out.mutable_root()->set_digest(root.descriptor->digest.text());
    out.mutable_root()->set_size(root.descriptor->size);
    out.mutable_root()->set_media_type(root.descriptor->media_type);
  } else {
    Describe(root.blobs.front(), source, *out.mutable_assembled()->mutable_config());
    for (size_t i = 1; i < root.blobs.size(); ++i) {
      Describe(root.blobs[i], source, *out.mutable_assembled()->add_layers());
    }
  }
  out.set_max_parallel_reads(source.max_parallel_reads());
  return out;
}

// One attempt: one stream.
class Attempt {
 public:
  Attempt(const Client& client, const PushOptions& options, const SourceImage* image,
          const CallContext& call)
      : options_(options), cancel_(client.options().stop, [this] { context_.TryCancel(); }) {
    context_.set_deadline(std::chrono::system_clock::now() + call.Remaining());
    stream_ = client.registry().PushImage(&context_);
    if (image) {
      blobs_.emplace(call, *options.source, *image,
                     [this](const v1::BlobChunk& chunk) { Send(chunk); });
    }
  }

  absl::StatusOr<v1::Image> Run() {
    v1::PushImageRequest first;
    *first.mutable_start() = options_.start;
    Write(first);
    v1::PushImageResponse response;
    std::optional<v1::Image> image;
    while (stream_->Read(&response)) {
      if (response.has_read() && blobs_) blobs_->Serve(response.read());
      if (response.has_progress() && options_.on_progress) {
        options_.on_progress(response.progress());
      }
      if (response.has_image()) image = std::move(*response.mutable_image());
    }
    blobs_.reset();
    const absl::Status status = FromGrpc(stream_->Finish());
    if (!status.ok()) return status;
    if (!image) return Internal(reason::kInternal, "the daemon ended the push without an image");
    return *std::move(image);
  }

 private:
  void Send(const v1::BlobChunk& chunk) {
    v1::PushImageRequest request;
    *request.mutable_chunk() = chunk;
    Write(request);
  }

  // A write that fails means that the stream has ended; Finish() then says why.
  void Write(const v1::PushImageRequest& request) {
    std::lock_guard lock(mu_);
    if (!broken_) broken_ = !stream_->Write(request);
  }

  const PushOptions& options_;
  grpc::ClientContext context_;
  std::stop_callback<std::function<void()>> cancel_;
  std::unique_ptr<PushStream> stream_;
  std::mutex mu_;
  bool broken_ = false;  // guarded by mu_
  std::optional<BlobServer> blobs_;
};

}  // namespace

absl::StatusOr<v1::Image> PushImage(const Client& client, PushOptions options) {
  const SystemClock clock;
  const auto deadline = std::chrono::steady_clock::now() + client.options().timeout;
  CallContext call(clock, client.options().timeout, "");
  const std::stop_callback cancel(client.options().stop, [&] { call.RequestStop(); });
  std::optional<SourceImage> image;
  if (options.source) {
    GANTRY_ASSIGN_OR_RETURN(image, options.source->Load(call));
    *options.start.mutable_source()->mutable_client() = Describe(*image, *options.source);
    if (options.on_progress) {
      for (const std::string& notice : image->notices) {
        v1::PushProgress progress;
        progress.set_notice(notice);
        options.on_progress(progress);
      }
    }
  }
  if (options.start.request_id().empty()) options.start.set_request_id(NewUuid());
  for (int i = 1;; ++i) {
    auto pushed = Attempt(client, options, image ? &*image : nullptr, call).Run();
    if (pushed.ok()) return pushed;
    if (!client.WaitToRepeat(pushed.status(), i, deadline)) {
      return client.Explain(pushed.status());
    }
  }
}

}  // namespace gantry::client
