#include "oci/skip_bytes.h"

#include <vector>

#include "base/status.h"

namespace gantry {

absl::StatusOr<int64_t> SkipBytes(const CallContext& call, ByteReader& reader, int64_t bytes) {
  std::vector<char> waste(static_cast<size_t>(std::min<int64_t>(bytes, 256 << 10)));
  int64_t skipped = 0;
  while (skipped < bytes) {
    GANTRY_RETURN_IF_ERROR(call.Check());
    const auto want = std::min<int64_t>(bytes - skipped, static_cast<int64_t>(waste.size()));
    GANTRY_ASSIGN_OR_RETURN(const size_t n,
                            reader.Read(std::span(waste).first(static_cast<size_t>(want))));
    if (n == 0) break;
    skipped += static_cast<int64_t>(n);
  }
  return skipped;
}

}  // namespace gantry
