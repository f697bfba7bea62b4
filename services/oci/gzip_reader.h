// Reads what gzip wrote: RFC 1952, several members in a row.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace gantry {

// Reading it fails with
//   INVALID_ARGUMENT SOURCE_INVALID   damaged or truncated
std::unique_ptr<ByteReader> GzipDecompress(std::unique_ptr<ByteReader> input);

}  // namespace gantry
