// A part of a blob that is read before it is sent, so that its length can be told.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "push/hashed_blob.h"

namespace gantry {

// For a layer that is compressed on the way, whose length shows only at its end: a registry that is
// sent parts wants to know where each begins and ends.  What it has not taken of a part goes again
// without the layer being compressed again.  Confined to one upload's thread.
class HeldPart {
 public:
  // Borrowed.
  explicit HeldPart(HashedBlob& blob) : blob_(blob) {}

  // Holds what follows `offset`: `most` bytes, or what the blob has.  After an error it can be
  // filled again.
  absl::Status Fill(int64_t offset, int64_t most);
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  // Until the next Fill.
  std::unique_ptr<ByteReader> Body() const;

 private:
  HashedBlob& blob_;
  int64_t start_ = 0;
  std::string bytes_;  // from start_ on; what the blob gave last
};

}  // namespace gantry
