// Ranged reads of the caller's blobs: several outstanding, answered in any order.
#pragma once

#include <absl/status/statusor.h>
#include <gantry/v1/image.pb.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gantryd/images/image_manager.h"

namespace gantry {

// Thread-safe.  Outstanding reads are the flow control and the memory bound: eight chunks of 1 MiB,
// and one more for every blob that is open.
class BlobReads final : public CallerBlobs {
 public:
  using Send = std::function<void(v1::BlobRead)>;  // queues a read for the caller; does not block

  explicit BlobReads(Send send) : send_(std::move(send)) {}

  absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext& call, const std::string& key,
                                                   int64_t offset,
                                                   std::optional<int64_t> size) override;

  // An answer came.  INVALID_ARGUMENT when it answers no read, or too much.
  absl::Status OnChunk(v1::BlobChunk chunk);
  // No answer will come any more; readers fail with this.
  void Break(const absl::Status& status);

 private:
  class Reader;
  // One read that was sent.
  struct Pending {
    int64_t length = 0;
    bool answered = false;
    bool abandoned = false;  // its reader is gone; the answer is thrown away
    v1::BlobChunk chunk;
  };

  uint64_t Issue(std::unique_lock<std::mutex>& lock, const std::string& key, int64_t offset,
                 int64_t length);

  const Send send_;
  std::mutex mu_;
  std::condition_variable_any answered_;
  uint64_t next_id_ = 1;                 // guarded by mu_
  std::map<uint64_t, Pending> pending_;  // guarded by mu_
  absl::Status broken_;                  // guarded by mu_
};

}  // namespace gantry
