#include "oci/gzip_reader.h"

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

Error Invalid(std::string_view what) {
  return InvalidArgument(reason::kSourceInvalid, "the gzip data is {}", what)
      .Remedy("save or copy the image again");
}

class GzipReader final : public ByteReader {
 public:
  explicit GzipReader(std::unique_ptr<ByteReader> input)
      : input_(std::move(input)), buffer_(256 << 10) {}

  absl::StatusOr<size_t> Read(std::span<char> out) override {
    while (!out.empty()) {
      GANTRY_ASSIGN_OR_RETURN(const size_t n, unpacker_.Unpack(out));
      unpacked_ += static_cast<int64_t>(n);
      if (unpacked_ > std::max(kAlwaysAllowed, packed_ * kMaxRatio)) {
        return InvalidArgument(reason::kSourceInvalid,
                               "the gzip data unpacks to more than {} times its size", kMaxRatio)
            .Remedy(
                "an image is not like that; if this one is meant so, unpack the archive and push "
                "it as it is");
      }
      if (n > 0) return n;
      GANTRY_ASSIGN_OR_RETURN(const size_t more, input_->Read(buffer_));
      if (more == 0) {
        GANTRY_RETURN_IF_ERROR(unpacker_.CheckEnd());
        return 0;
      }
      packed_ += static_cast<int64_t>(more);
      unpacker_.Feed({buffer_.data(), more});
    }
    return 0;
  }

 private:
  const std::unique_ptr<ByteReader> input_;
  std::vector<char> buffer_;
  GzipUnpacker unpacker_;
  int64_t packed_ = 0, unpacked_ = 0;
};

}  // namespace

GzipUnpacker::GzipUnpacker() { inflateInit2(&stream_, kGzipOnly); }

GzipUnpacker::~GzipUnpacker() { inflateEnd(&stream_); }

void GzipUnpacker::Feed(std::string_view piece) {
  // zlib only reads it.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_.avail_in = static_cast<uInt>(piece.size());
}

absl::StatusOr<size_t> GzipUnpacker::Unpack(std::span<char> out) {
  stream_.next_out = reinterpret_cast<Bytef*>(out.data());
  stream_.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), 1 << 30));
  const uInt wanted = stream_.avail_out;
  // Also without input there may be output, which zlib had no room for the last time.
  while (stream_.avail_out == wanted && wanted > 0) {
    const uInt before = stream_.avail_in;
    if (before > 0) between_members_ = false;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      inflateReset(&stream_);
      between_members_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return Invalid("damaged");
    }
    if (before == 0) break;
  }
  return wanted - stream_.avail_out;
}

absl::Status GzipUnpacker::CheckEnd() const {
  if (between_members_) return absl::OkStatus();
  return Invalid("truncated");
}

std::unique_ptr<ByteReader> GzipDecompress(std::unique_ptr<ByteReader> archive) {
  return std::make_unique<GzipReader>(std::move(archive));
}

}  // namespace gantry
