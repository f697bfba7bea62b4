#include "oci/compression.h"

#include <isa-l/igzip_lib.h>

#include <utility>
#include <vector>

#include "base/status.h"

namespace gantry {
namespace {

constexpr size_t kInputBytes = 1 << 20;

// The output must not depend on how the input arrives, so every call of the compressor but the last
// gets a full block.
class GzipCompressor final : public ByteReader {
 public:
  explicit GzipCompressor(std::unique_ptr<ByteReader> input)
      : input_(std::move(input)), block_(kInputBytes), level_buffer_(ISAL_DEF_LVL1_DEFAULT) {
    isal_deflate_init(&stream_);
    stream_.level = 1;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.flush = NO_FLUSH;
  }

  absl::StatusOr<size_t> Read(std::span<char> out) override {
    stream_.next_out = reinterpret_cast<uint8_t*>(out.data());
    stream_.avail_out = static_cast<uint32_t>(std::min<size_t>(out.size(), 1 << 30));
    const uint32_t wanted = stream_.avail_out;
    while (stream_.avail_out == wanted && stream_.internal_state.state != ZSTATE_END && wanted > 0) {
      if (stream_.avail_in == 0 && !stream_.end_of_stream) GANTRY_RETURN_IF_ERROR(FillBlock());
      if (isal_deflate(&stream_) != COMP_OK) {
        return Internal(reason::kInternal, "compressing a layer failed");
      }
    }
    return wanted - stream_.avail_out;
  }

 private:
  absl::Status FillBlock() {
    size_t filled = 0;
    while (filled < block_.size()) {
      GANTRY_ASSIGN_OR_RETURN(const size_t n, input_->Read(std::span(block_).subspan(filled)));
      if (n == 0) {
        stream_.end_of_stream = 1;
        break;
      }
      filled += n;
    }
    stream_.next_in = reinterpret_cast<uint8_t*>(block_.data());
    stream_.avail_in = static_cast<uint32_t>(filled);
    return absl::OkStatus();
  }

  const std::unique_ptr<ByteReader> input_;
  std::vector<char> block_;
  std::vector<uint8_t> level_buffer_;
  isal_zstream stream_{};
};

}  // namespace

std::unique_ptr<ByteReader> GzipCompress(std::unique_ptr<ByteReader> input) {
  return std::make_unique<GzipCompressor>(std::move(input));
}

Compression DetectCompression(std::string_view head) {
  if (head.substr(0, 2) == "\x1f\x8b") return Compression::kGzip;
  if (head.substr(0, 4) == "\x28\xb5\x2f\xfd") return Compression::kZstd;
  if (head.substr(0, 4) == "\xfd"
                           "7zX") {
    return Compression::kXz;
  }
  if (head.substr(0, 3) == "BZh") return Compression::kBzip2;
  return Compression::kNone;
}

std::string_view NameOf(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "nothing";
    case Compression::kGzip:
      return "gzip";
    case Compression::kZstd:
      return "zstd";
    case Compression::kXz:
      return "xz";
    case Compression::kBzip2:
      return "bzip2";
  }
  return "";
}

}  // namespace gantry
