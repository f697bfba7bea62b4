// Reads what gzip wrote: RFC 1952, several members in a row.
#pragma once

#include <absl/status/statusor.h>

#include <memory>

#include "base/bytes.h"

namespace gantry {

//   INVALID_ARGUMENT SOURCE_INVALID   when it is read: damaged or truncated
absl::StatusOr<std::unique_ptr<ByteReader>> GzipDecompress(std::unique_ptr<ByteReader> input);

}  // namespace gantry
