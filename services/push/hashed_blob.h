// A blob as it is read for sending: hashed on the way, checked at its end, read again from anywhere.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/call_context.h"
#include "oci/digest.h"
#include "oci/image_source.h"

namespace gantry {

// Confined to one upload's thread.  Keeps midstates of the hash, so that going on at the offset a
// registry confirmed costs only the bytes since the last one; never a byte of the blob itself.
class HashedBlob {
 public:
  using OnBytes = std::function<void(int64_t position)>;

  // All borrowed.  `on_bytes` is told how far the reading is.
  HashedBlob(const CallContext& call, ImageSource& source, const SourceBlob& blob, OnBytes on_bytes);

  // Goes to `offset`, which must have been read before or be 0.
  absl::Status SeekTo(int64_t offset);
  // From the current position: `limit` bytes, or all that follow.  The reader must not outlive this.
  // The last bytes come only when they make the blob what its source said:
  //   INVALID_ARGUMENT DIGEST_MISMATCH   its size or digest is another
  //   ABORTED SOURCE_CHANGED             so it is now, and was not when it was read before
  std::unique_ptr<ByteReader> Body(std::optional<int64_t> limit);

  int64_t position() const { return hash_.bytes(); }
  bool at_end() const { return at_end_; }
  // Of what was read; the whole blob's when at_end().
  Digest digest() const { return hash_.Finish(); }

 private:
  class Part;

  absl::StatusOr<size_t> Read(std::span<char> buffer);
  absl::Status CheckEnd();
  absl::StatusOr<bool> NothingFollows();

  const CallContext& call_;
  ImageSource& source_;
  const SourceBlob& blob_;
  const OnBytes on_bytes_;
  std::unique_ptr<ByteReader> reader_;  // stands at position(); null: to be opened
  Sha256 hash_;
  std::vector<Sha256> midstates_;  // ascending; the first is of nothing
  bool at_end_ = false;
  int64_t furthest_ = 0;    // what was ever read
  bool was_right_ = false;  // when it was read to its end
};

}  // namespace gantry
