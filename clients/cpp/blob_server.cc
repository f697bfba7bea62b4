#include "clients/cpp/blob_server.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace gantry::client {
namespace {

constexpr int kMaxThreads = 4;
constexpr int64_t kMaxChunkBytes = 1 << 20;  // BlobRead.length

}  // namespace

BlobServer::BlobServer(const CallContext& call, ImageSource& source, const SourceImage& image,
                       Send send)
    : call_(call), source_(source), send_(std::move(send)) {
  for (const SourceManifest& manifest : image.manifests) {
    if (manifest.descriptor) documents_[manifest.descriptor->digest.text()] = manifest.bytes;
    for (const SourceBlob& blob : manifest.blobs) blobs_.insert_or_assign(blob.key(), blob);
  }
  const int threads = std::clamp(source.max_parallel_reads(), 1, kMaxThreads);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

BlobServer::~BlobServer() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_all();
}

void BlobServer::Serve(const v1::BlobRead& read) {
  if (const auto document = documents_.find(read.blob()); document != documents_.end()) {
    v1::BlobChunk chunk;
    chunk.set_read_id(read.read_id());
    const std::string& bytes = document->second;
    const auto offset = static_cast<size_t>(
        std::clamp<int64_t>(read.offset(), 0, static_cast<int64_t>(bytes.size())));
    chunk.set_data(bytes.substr(
        offset, static_cast<size_t>(std::clamp<int64_t>(read.length(), 0, kMaxChunkBytes))));
    chunk.set_end_of_blob(offset + chunk.data().size() == bytes.size());
    send_(chunk);
    return;
  }
  std::lock_guard lock(mu_);
  Stream& stream = streams_[read.blob()];
  stream.waiting.push_back(read);
  if (!stream.busy && stream.waiting.size() == 1) {
    ready_.push_back(read.blob());
    wake_.notify_one();
  }
}

void BlobServer::Run() {
  for (;;) {
    std::unique_lock lock(mu_);
    wake_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (stopping_) return;
    const std::string key = ready_.front();
    ready_.pop_front();
    Stream& stream = streams_[key];
    const v1::BlobRead read = stream.waiting.front();
    stream.waiting.pop_front();
    stream.busy = true;
    if (stream.position != read.offset()) CloseIdleReaders(stream);
    lock.unlock();

    send_(Answer(read, stream));

    lock.lock();
    stream.busy = false;
    if (!stream.waiting.empty()) {
      ready_.push_back(key);
      wake_.notify_one();
    }
  }
}

// A source that is one stream has room for one reader; what another blob left open goes first.
void BlobServer::CloseIdleReaders(const Stream& keep) {
  if (source_.max_parallel_reads() > kMaxThreads) return;
  for (auto& [key, stream] : streams_) {
    if (stream.busy || &stream == &keep) continue;
    stream.reader.reset();
    stream.position = -1;
  }
}

absl::Status BlobServer::Reopen(const v1::BlobRead& read, Stream& stream) {
  const auto blob = blobs_.find(read.blob());
  if (blob == blobs_.end()) {
    return NotFound(reason::kSourceNotFound, "the image has no blob {}", read.blob());
  }
  if (read.offset() < 0) {
    return InvalidArgument(reason::kInvalidArgument, "a read begins at {}", read.offset());
  }
  stream.reader.reset();
  GANTRY_ASSIGN_OR_RETURN(stream.reader, source_.OpenBlob(call_, blob->second, read.offset()));
  stream.position = read.offset();
  return absl::OkStatus();
}

v1::BlobChunk BlobServer::Answer(const v1::BlobRead& read, Stream& stream) {
  v1::BlobChunk chunk;
  chunk.set_read_id(read.read_id());
  const auto fail = [&](const absl::Status& status) {
    stream.reader.reset();
    stream.position = -1;
    chunk.clear_data();
    chunk.set_error(std::string(MessageOf(status)));
    return chunk;
  };
  // A daemon that reads ahead does not know yet where a layer ends that is compressed on the way.
  if (stream.size >= 0 && read.offset() >= stream.size) {
    chunk.set_end_of_blob(true);
    return chunk;
  }
  if (!stream.reader || stream.position != read.offset()) {
    if (const absl::Status s = Reopen(read, stream); !s.ok()) return fail(s);
  }
  std::string& data = *chunk.mutable_data();
  data.resize(static_cast<size_t>(std::clamp<int64_t>(read.length(), 0, kMaxChunkBytes)));
  size_t filled = 0;
  while (filled < data.size()) {
    const auto n = stream.reader->Read(std::span(data).subspan(filled));
    if (!n.ok()) return fail(n.status());
    if (*n == 0) {
      chunk.set_end_of_blob(true);
      break;
    }
    filled += *n;
  }
  data.resize(filled);
  stream.position += static_cast<int64_t>(filled);
  // Nobody asks for what follows, so that this closes the reader.
  const SourceBlob& blob = blobs_.at(read.blob());
  if (blob.digest && stream.position >= blob.size) chunk.set_end_of_blob(true);
  if (chunk.end_of_blob()) {
    stream.size = stream.position;
    stream.reader.reset();
    stream.position = -1;
  }
  return chunk;
}

}  // namespace gantry::client
