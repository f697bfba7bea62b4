// Unpacks what gzip wrote: RFC 1952, several members in a row.
#pragma once

#include <zlib.h>

#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace gantry {

// Takes the data piece by piece, as it comes, and holds none of it.
class GzipUnpacker {
 public:
  GzipUnpacker();
  ~GzipUnpacker();
  GzipUnpacker(const GzipUnpacker&) = delete;
  GzipUnpacker& operator=(const GzipUnpacker&) = delete;

  // The piece that comes next; borrowed until it is used up.
  void Feed(std::string_view piece);
  // Fills the front of `out` and returns how much; 0 when the piece is used up.
  //   INVALID_ARGUMENT SOURCE_INVALID   damaged
  absl::StatusOr<size_t> Unpack(std::span<char> out);
  // Whether the data may end here.
  //   INVALID_ARGUMENT SOURCE_INVALID   truncated
  absl::Status CheckEnd() const;

 private:
  z_stream stream_{};
  bool between_members_ = false;
};

// An archive.  Reading it fails with
//   INVALID_ARGUMENT SOURCE_INVALID   damaged or truncated; or a bomb
// A bomb is what unpacks to more than 256 MiB and to more than two hundred times its size: images
// unpack to two to thirty times theirs, and gzip can do a thousand.  Not for a layer by itself:
// that may well be nothing but a large file of zeros.
std::unique_ptr<ByteReader> GzipDecompress(std::unique_ptr<ByteReader> archive);

}  // namespace gantry
