// Streams of bytes, so that no blob is ever held whole.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace gantry {

// Confined to one thread at a time.
class ByteReader {
 public:
  virtual ~ByteReader() = default;
  // Fills the front of `buffer` and returns how much; 0 means the end, and stays so.
  virtual absl::StatusOr<size_t> Read(std::span<char> buffer) = 0;
};

// Confined to one thread at a time.
class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  virtual absl::Status Write(std::string_view bytes) = 0;
};

// Reads a string it owns.
class StringReader final : public ByteReader {
 public:
  explicit StringReader(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t n = std::min(buffer.size(), bytes_.size() - offset_);
    std::memcpy(buffer.data(), bytes_.data() + offset_, n);
    offset_ += n;
    return n;
  }

 private:
  std::string bytes_;
  size_t offset_ = 0;
};

// The rest of `reader`; INVALID_ARGUMENT SOURCE_INVALID when it is longer than `limit`.
absl::StatusOr<std::string> ReadAll(ByteReader& reader, size_t limit);

}  // namespace gantry
