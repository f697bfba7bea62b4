#include "push/hashed_blob.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/status.h"

namespace gantry {
namespace {

constexpr int64_t kMidstateEvery = 8 << 20;
constexpr size_t kMaxMidstates = 1024;  // 8 GiB; beyond that, further apart

}  // namespace

// A stretch of the blob.
class HashedBlob::Part final : public ByteReader {
 public:
  Part(HashedBlob& blob, std::optional<int64_t> limit) : blob_(blob), left_(limit) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (left_) buffer = buffer.first(std::min(buffer.size(), static_cast<size_t>(*left_)));
    if (buffer.empty()) return 0;
    GANTRY_ASSIGN_OR_RETURN(const size_t n, blob_.Read(buffer));
    if (left_) *left_ -= static_cast<int64_t>(n);
    return n;
  }

 private:
  HashedBlob& blob_;
  std::optional<int64_t> left_;
};

HashedBlob::HashedBlob(const CallContext& call, ImageSource& source, const SourceBlob& blob,
                       OnBytes on_bytes)
    : call_(call), source_(source), blob_(blob), on_bytes_(std::move(on_bytes)) {
  midstates_.emplace_back();
}

std::unique_ptr<ByteReader> HashedBlob::Body(std::optional<int64_t> limit) {
  return std::make_unique<Part>(*this, limit);
}

absl::Status HashedBlob::SeekTo(int64_t offset) {
  if (offset == position()) return absl::OkStatus();
  reader_.reset();
  at_end_ = false;
  const auto after = std::upper_bound(
      midstates_.begin(), midstates_.end(), offset,
      [](int64_t value, const Sha256& midstate) { return value < midstate.bytes(); });
  hash_ = *std::prev(after);
  std::array<char, 64 << 10> skipped;
  while (position() < offset) {
    const auto want = std::min<int64_t>(offset - position(), static_cast<int64_t>(skipped.size()));
    GANTRY_ASSIGN_OR_RETURN(const size_t n,
                            Read(std::span(skipped).first(static_cast<size_t>(want))));
    if (n == 0) {
      return Aborted(reason::kSourceChanged, "the source is shorter than it was a moment ago");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> HashedBlob::Read(std::span<char> buffer) {
  if (at_end_) return 0;
  GANTRY_RETURN_IF_ERROR(call_.Check());
  if (!reader_) {
    GANTRY_ASSIGN_OR_RETURN(reader_, source_.OpenBlob(call_, blob_, position()));
  }
  const auto read = reader_->Read(buffer);
  if (!read.ok()) {
    reader_.reset();  // to be opened again where it stopped, if it is worth another try
    return read.status();
  }
  const size_t n = *read;
  if (n > 0) hash_.Update({buffer.data(), n});
  const bool ended = n == 0 || (blob_.digest && position() >= blob_.size);
  if (ended) GANTRY_RETURN_IF_ERROR(CheckEnd());
  if (position() - midstates_.back().bytes() >= kMidstateEvery && midstates_.size() < kMaxMidstates) {
    midstates_.push_back(hash_);
  }
  furthest_ = std::max(furthest_, position());
  on_bytes_(position());
  return n;
}

absl::StatusOr<bool> HashedBlob::NothingFollows() {
  std::array<char, 1> one;
  GANTRY_ASSIGN_OR_RETURN(const size_t n, reader_->Read(one));
  return n == 0;
}

absl::Status HashedBlob::CheckEnd() {
  if (!blob_.digest) {
    at_end_ = true;
    return absl::OkStatus();
  }
  const auto mismatch = [&](const std::string& what) {
    const bool changed = was_right_ || position() < furthest_;
    Error error = changed ? Aborted(reason::kSourceChanged,
                                    "the source was changed while it was pushed: {}", what)
                          : InvalidArgument(reason::kDigestMismatch, "{}", what);
    return error.With("blob", blob_.digest->text())
        .Remedy("the source is damaged or was changed; save or copy it again");
  };
  bool longer = position() > blob_.size;
  if (position() == blob_.size) {
    GANTRY_ASSIGN_OR_RETURN(const bool exact, NothingFollows());
    longer = !exact;
  }
  if (longer) return mismatch(fmt::format("the blob is longer than the {} bytes it should have", blob_.size));
  if (position() < blob_.size) {
    return mismatch(fmt::format("the blob ends after {} of {} bytes", position(), blob_.size));
  }
  if (digest() != *blob_.digest) {
    return mismatch(fmt::format("the blob's bytes have digest {}", digest().text()));
  }
  at_end_ = was_right_ = true;
  return absl::OkStatus();
}

}  // namespace gantry
