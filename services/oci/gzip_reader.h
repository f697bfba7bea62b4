// Reads what gzip wrote: RFC 1952, several members in a row.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace gantry {

// Reading it fails with
//   INVALID_ARGUMENT SOURCE_INVALID   damaged or truncated; or a bomb
// A bomb is what unpacks to more than 256 MiB and to more than two hundred times its size: images
// unpack to two to thirty times theirs, and gzip can do a thousand.
std::unique_ptr<ByteReader> GzipDecompress(std::unique_ptr<ByteReader> input);

}  // namespace gantry
