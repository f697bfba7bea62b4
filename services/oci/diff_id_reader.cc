#include "oci/diff_id_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "oci/gzip_reader.h"

namespace gantry {
namespace {

class TarDiffIdReader final : public ByteReader {
 public:
  TarDiffIdReader(std::unique_ptr<ByteReader> tar, Digest diff_id)
      : tar_(std::move(tar)), diff_id_(std::move(diff_id)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (buffer.empty()) return 0;
    GANTRY_ASSIGN_OR_RETURN(const size_t n, tar_->Read(buffer));
    hash_.Update({buffer.data(), n});
    if (n > 0 || hash_.Finish() == diff_id_) return n;
    return InvalidArgument(reason::kDigestMismatch,
                           "the layer's tar has digest {}, the image's config says {}",
                           hash_.Finish().text(), diff_id_.text())
        .Remedy("the image is damaged; save or copy it again");
  }

 private:
  const std::unique_ptr<ByteReader> tar_;
  const Digest diff_id_;
  Sha256 hash_;
};

// Unpacks the layer for its tar alone, and gives what went in on the way: one buffer of it at most.
class GzipDiffIdReader final : public ByteReader {
 public:
  GzipDiffIdReader(std::unique_ptr<ByteReader> layer, Digest diff_id)
      : tar_(GzipDecompress(std::make_unique<Tee>(std::move(layer), read_)), std::move(diff_id)),
        waste_(64 << 10) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    while (given_ == read_.size() && !buffer.empty()) {
      read_.clear();
      given_ = 0;
      GANTRY_ASSIGN_OR_RETURN(const size_t n, tar_.Read(waste_));
      if (n == 0 && read_.empty()) return 0;
    }
    const size_t n = std::min(buffer.size(), read_.size() - given_);
    read_.copy(buffer.data(), n, given_);
    given_ += n;
    return n;
  }

 private:
  class Tee final : public ByteReader {
   public:
    Tee(std::unique_ptr<ByteReader> input, std::string& copy)
        : input_(std::move(input)), copy_(copy) {}
    absl::StatusOr<size_t> Read(std::span<char> buffer) override {
      GANTRY_ASSIGN_OR_RETURN(const size_t n, input_->Read(buffer));
      copy_.append(buffer.data(), n);
      return n;
    }

   private:
    const std::unique_ptr<ByteReader> input_;
    std::string& copy_;
  };

  std::string read_;  // what the last reading of the layer brought
  size_t given_ = 0;
  TarDiffIdReader tar_;
  std::vector<char> waste_;
};

}  // namespace

std::unique_ptr<ByteReader> CheckTarDiffId(std::unique_ptr<ByteReader> layer, Digest diff_id) {
  return std::make_unique<TarDiffIdReader>(std::move(layer), std::move(diff_id));
}

std::unique_ptr<ByteReader> CheckGzipDiffId(std::unique_ptr<ByteReader> layer, Digest diff_id) {
  return std::make_unique<GzipDiffIdReader>(std::move(layer), std::move(diff_id));
}

}  // namespace gantry
