#include "oci/diff_id_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status.h"
#include "oci/gzip_reader.h"

namespace gantry {
namespace {

absl::Status CheckDiffId(const Sha256& tar, const Digest& diff_id) {
  const Digest actual = tar.Finish();
  if (actual == diff_id) return absl::OkStatus();
  return InvalidArgument(reason::kDigestMismatch,
                         "the layer's tar has digest {}, the image's config says {}", actual.text(),
                         diff_id.text())
      .Remedy("the image is damaged; save or copy it again");
}

class TarDiffIdReader final : public ByteReader {
 public:
  TarDiffIdReader(std::unique_ptr<ByteReader> tar, Digest diff_id)
      : tar_(std::move(tar)), diff_id_(std::move(diff_id)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (buffer.empty()) return 0;
    GANTRY_ASSIGN_OR_RETURN(const size_t n, tar_->Read(buffer));
    hash_.Update({buffer.data(), n});
    if (n == 0) GANTRY_RETURN_IF_ERROR(CheckDiffId(hash_, diff_id_));
    return n;
  }

 private:
  const std::unique_ptr<ByteReader> tar_;
  const Digest diff_id_;
  Sha256 hash_;
};

// Unpacks the layer for its tar alone, which may be a thousand times as long: it costs time, within
// the call's, and no room.
class GzipDiffIdReader final : public ByteReader {
 public:
  GzipDiffIdReader(const CallContext& call, std::unique_ptr<ByteReader> layer, Digest diff_id)
      : call_(call), layer_(std::move(layer)), diff_id_(std::move(diff_id)), tar_(64 << 10) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    buffer = buffer.first(std::min<size_t>(buffer.size(), 1 << 20));
    if (buffer.empty()) return 0;
    GANTRY_ASSIGN_OR_RETURN(const size_t n, layer_->Read(buffer));
    unpacker_.Feed({buffer.data(), n});
    for (;;) {
      GANTRY_RETURN_IF_ERROR(call_.Check());
      GANTRY_ASSIGN_OR_RETURN(const size_t unpacked, unpacker_.Unpack(tar_));
      if (unpacked == 0) break;
      hash_.Update({tar_.data(), unpacked});
    }
    if (n == 0) {
      GANTRY_RETURN_IF_ERROR(unpacker_.CheckEnd());
      GANTRY_RETURN_IF_ERROR(CheckDiffId(hash_, diff_id_));
    }
    return n;
  }

 private:
  const CallContext& call_;
  const std::unique_ptr<ByteReader> layer_;
  const Digest diff_id_;
  GzipUnpacker unpacker_;
  std::vector<char> tar_;
  Sha256 hash_;
};

}  // namespace

std::unique_ptr<ByteReader> CheckTarDiffId(std::unique_ptr<ByteReader> layer, Digest diff_id) {
  return std::make_unique<TarDiffIdReader>(std::move(layer), std::move(diff_id));
}

std::unique_ptr<ByteReader> CheckGzipDiffId(const CallContext& call,
                                            std::unique_ptr<ByteReader> layer, Digest diff_id) {
  return std::make_unique<GzipDiffIdReader>(call, std::move(layer), std::move(diff_id));
}

}  // namespace gantry
