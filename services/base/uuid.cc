#include "base/uuid.h"

#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "base/strings.h"

namespace gantry {

std::string NewUuid() {
  std::array<unsigned char, 16> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string hex = HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const size_t dash : {20U, 16U, 12U, 8U}) hex.insert(dash, "-");
  return hex;
}

}  // namespace gantry
