#include "base/bytes.h"

#include <array>

#include "base/status.h"

namespace gantry {

absl::StatusOr<std::string> ReadAll(ByteReader& reader, size_t limit) {
  std::string all;
  std::array<char, 16 << 10> buffer;
  for (;;) {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, reader.Read(buffer));
    if (n == 0) return all;
    if (all.size() + n > limit) {
      return InvalidArgument(reason::kSourceInvalid, "longer than {} bytes", limit);
    }
    all.append(buffer.data(), n);
  }
}

}  // namespace gantry
