#include "gantryd/rpc/blob_reads.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/status.h"

namespace gantry {
namespace {

constexpr int64_t kReadBytes = 1 << 20;
constexpr size_t kMaxOutstanding = 8;  // of the whole push

}  // namespace

// One open blob.  Reads ahead as far as the push's budget allows, and at least one range; never
// past a size that is known.
class BlobReads::Reader final : public ByteReader {
 public:
  Reader(BlobReads& reads, const CallContext& call, std::string key, int64_t offset,
         std::optional<int64_t> size)
      : reads_(reads),
        call_(call),
        key_(std::move(key)),
        size_(size.value_or(INT64_MAX)),
        next_offset_(offset) {}

  ~Reader() override {
    std::lock_guard lock(reads_.mu_);
    for (const uint64_t id : ids_) {
      const auto it = reads_.pending_.find(id);
      if (it == reads_.pending_.end()) continue;
      if (it->second.answered) {
        reads_.pending_.erase(it);
      } else {
        it->second.abandoned = true;
      }
    }
  }

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (used_ == current_.data().size() && !end_) {
      if (absl::Status s = NextChunk(); !s.ok()) return s;
    }
    const std::string& data = current_.data();
    const size_t n = std::min(buffer.size(), data.size() - used_);
    data.copy(buffer.data(), n, used_);
    used_ += n;
    return n;
  }

 private:
  absl::Status NextChunk() {
    std::unique_lock lock(reads_.mu_);
    while (next_offset_ < size_ && (ids_.empty() || reads_.pending_.size() < kMaxOutstanding)) {
      if (!reads_.broken_.ok()) return reads_.broken_;
      const int64_t length = std::min(kReadBytes, size_ - next_offset_);
      ids_.push_back(reads_.Issue(lock, key_, next_offset_, length));
      next_offset_ += length;
    }
    if (ids_.empty()) {
      end_ = true;
      return absl::OkStatus();
    }
    const auto mine = reads_.pending_.find(ids_.front());
    const auto ready = [&] { return mine->second.answered || !reads_.broken_.ok(); };
    if (!reads_.answered_.wait_for(lock, call_.stop_token(), call_.Remaining(), ready)) {
      if (absl::Status s = call_.Check(); !s.ok()) return s;
      return DeadlineExceeded(reason::kDeadlineExceeded, "the caller did not send blob {}", key_);
    }
    if (!mine->second.answered) return reads_.broken_;
    const int64_t asked = mine->second.length;
    current_ = std::move(mine->second.chunk);
    used_ = 0;
    reads_.pending_.erase(mine);
    ids_.pop_front();
    if (!current_.error().empty()) {
      return FailedPrecondition(reason::kSourceUnreadable, "the caller cannot read blob {}: {}",
                                key_, Excerpt(current_.error(), 300))
          .Remedy("the image may be damaged or changing; save or copy it again");
    }
    end_ = current_.end_of_blob();
    if (!end_ && static_cast<int64_t>(current_.data().size()) != asked) {
      return InvalidArgument(reason::kInvalidArgument,
                             "the caller sent {} of {} bytes of blob {} without ending it",
                             current_.data().size(), asked, key_)
          .Remedy("a chunk may be shorter than its read only at the end of the blob");
    }
    return absl::OkStatus();
  }

  BlobReads& reads_;
  const CallContext& call_;
  const std::string key_;
  const int64_t size_;  // the largest number where it is not known
  int64_t next_offset_;
  std::deque<uint64_t> ids_;  // sent and not yet used, in the order of offsets
  v1::BlobChunk current_;
  size_t used_ = 0;
  bool end_ = false;
};

absl::StatusOr<std::unique_ptr<ByteReader>> BlobReads::Open(const CallContext& call,
                                                            const std::string& key,
                                                            int64_t offset,
                                                            std::optional<int64_t> size) {
  return std::make_unique<Reader>(*this, call, key, offset, size);
}

uint64_t BlobReads::Issue(std::unique_lock<std::mutex>& lock, const std::string& key,
                          int64_t offset, int64_t length) {
  const uint64_t id = next_id_++;
  pending_[id].length = length;
  v1::BlobRead read;
  read.set_read_id(id);
  read.set_blob(key);
  read.set_offset(offset);
  read.set_length(length);
  lock.unlock();  // the queue has a lock of its own
  send_(std::move(read));
  lock.lock();
  return id;
}

absl::Status BlobReads::OnChunk(v1::BlobChunk chunk) {
  std::lock_guard lock(mu_);
  const auto it = pending_.find(chunk.read_id());
  if (it == pending_.end() || it->second.answered) {
    return InvalidArgument(reason::kInvalidArgument, "a chunk answers read {}, which nobody asked",
                           chunk.read_id())
        .Remedy("answer every read once, with its read_id");
  }
  if (static_cast<int64_t>(chunk.data().size()) > it->second.length) {
    return InvalidArgument(reason::kInvalidArgument, "a chunk has {} bytes, its read asked for {}",
                           chunk.data().size(), it->second.length);
  }
  if (it->second.abandoned) {
    pending_.erase(it);
  } else {
    it->second.answered = true;
    it->second.chunk = std::move(chunk);
  }
  answered_.notify_all();
  return absl::OkStatus();
}

void BlobReads::Break(const absl::Status& status) {
  std::lock_guard lock(mu_);
  if (broken_.ok()) broken_ = status;
  answered_.notify_all();
}

}  // namespace gantry
