#include "push/held_part.h"

#include "base/status.h"

namespace gantry {
namespace {

class Piece final : public ByteReader {
 public:
  explicit Piece(std::string_view bytes) : left_(bytes) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t n = left_.copy(buffer.data(), buffer.size());
    left_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view left_;
};

}  // namespace

std::unique_ptr<ByteReader> HeldPart::Body() const { return std::make_unique<Piece>(bytes_); }

absl::Status HeldPart::Fill(int64_t offset, int64_t most) {
  const int64_t end = start_ + size();
  const bool has_it = offset >= start_ && offset <= end && end == blob_.position();
  if (has_it && end - offset <= most) {
    bytes_.erase(0, static_cast<size_t>(offset - start_));
  } else {
    bytes_.clear();
    GANTRY_RETURN_IF_ERROR(blob_.SeekTo(offset));
  }
  start_ = offset;
  size_t filled = bytes_.size();
  bytes_.resize(static_cast<size_t>(most));
  const auto reader = blob_.Body(std::nullopt);
  absl::Status status;
  while (status.ok() && filled < bytes_.size() && !blob_.at_end()) {
    const auto n = reader->Read(std::span(bytes_).subspan(filled));
    status = n.status();
    filled += n.value_or(0);
  }
  bytes_.resize(filled);
  return status;
}

}  // namespace gantry
