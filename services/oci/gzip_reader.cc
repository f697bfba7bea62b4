#include "oci/gzip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/status.h"

namespace gantry {
namespace {

constexpr int kGzipOnly = 15 + 16;  // window bits: zlib.h, inflateInit2
constexpr int64_t kAlwaysAllowed = 256 << 20;
constexpr int64_t kMaxRatio = 200;

class GzipReader final : public ByteReader {
 public:
  explicit GzipReader(std::unique_ptr<ByteReader> input)
      : input_(std::move(input)), buffer_(256 << 10) {
    inflateInit2(&stream_, kGzipOnly);
  }
  ~GzipReader() override { inflateEnd(&stream_); }

  absl::StatusOr<size_t> Read(std::span<char> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), 1 << 30));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted && wanted > 0) {
      if (stream_.avail_in == 0) {
        GANTRY_ASSIGN_OR_RETURN(const size_t n, input_->Read(buffer_));
        if (n == 0) {
          if (between_members_) return 0;
          return InvalidArgument(reason::kSourceInvalid, "the gzip data is truncated")
              .Remedy("save or copy the image again");
        }
        stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
        stream_.avail_in = static_cast<uInt>(n);
        packed_ += static_cast<int64_t>(n);
      }
      between_members_ = false;
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        inflateReset(&stream_);
        between_members_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return InvalidArgument(reason::kSourceInvalid, "the gzip data is damaged")
            .Remedy("save or copy the image again");
      }
    }
    const size_t n = wanted - stream_.avail_out;
    unpacked_ += static_cast<int64_t>(n);
    if (unpacked_ > std::max(kAlwaysAllowed, packed_ * kMaxRatio)) {
      return InvalidArgument(reason::kSourceInvalid,
                             "the gzip data unpacks to more than {} times its size", kMaxRatio)
          .Remedy(
              "an image is not like that; if this one is meant so, unpack the archive or the "
              "layer and push it as it is");
    }
    return n;
  }

 private:
  const std::unique_ptr<ByteReader> input_;
  std::vector<char> buffer_;
  z_stream stream_{};
  int64_t packed_ = 0, unpacked_ = 0;
  bool between_members_ = false;
};

}  // namespace

std::unique_ptr<ByteReader> GzipDecompress(std::unique_ptr<ByteReader> input) {
  return std::make_unique<GzipReader>(std::move(input));
}

}  // namespace gantry
