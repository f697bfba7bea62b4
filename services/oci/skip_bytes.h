// Goes on in a stream that cannot seek.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>

#include "base/bytes.h"
#include "base/call_context.h"

namespace gantry {

// Reads `bytes` and throws them away; fewer when the stream ends before.  Returns how many it were.
absl::StatusOr<int64_t> SkipBytes(const CallContext& call, ByteReader& reader, int64_t bytes);

}  // namespace gantry
