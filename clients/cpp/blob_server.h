// Serves the caller's own image: answers the daemon's ranged reads from an ImageSource.
#pragma once

#include <gantry/v1/image.pb.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/call_context.h"
#include "oci/image_source.h"

namespace gantry::client {

// Thread-safe.  Reads of one blob are answered in the order they came; several blobs at once. Holds
// one open reader per blob under way and one chunk per thread, never a blob.
class BlobServer {
 public:
  using Send = std::function<void(const v1::BlobChunk&)>;  // called from several threads

  // `source` is borrowed and has been loaded as `image`; `call` and `send` outlive this.
  BlobServer(const CallContext& call, ImageSource& source, const SourceImage& image, Send send);
  // Waits for the answers under way; those not begun are dropped.
  ~BlobServer();

  void Serve(const v1::BlobRead& read);

 private:
  // One blob that is being read.
  struct Stream {
    std::unique_ptr<ByteReader> reader;
    int64_t position = -1;  // of the reader; -1: none is open
    int64_t size = -1;      // once the end was seen
    std::deque<v1::BlobRead> waiting;
    bool busy = false;
  };

  void Run();
  v1::BlobChunk Answer(const v1::BlobRead& read, Stream& stream);
  absl::Status Reopen(const v1::BlobRead& read, Stream& stream);
  void CloseIdleReaders(const Stream& keep);

  const CallContext& call_;
  ImageSource& source_;
  const Send send_;
  std::map<std::string, SourceBlob> blobs_;       // by key
  std::map<std::string, std::string> documents_;  // manifests, by digest
  std::mutex mu_;
  std::condition_variable wake_;
  std::map<std::string, Stream> streams_;  // guarded by mu_; a busy stream belongs to its thread
  std::list<std::string> ready_;           // keys with waiting reads, not busy; guarded by mu_
  bool stopping_ = false;                  // guarded by mu_
  std::vector<std::jthread> threads_;
};

}  // namespace gantry::client
