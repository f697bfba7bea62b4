// WWW-Authenticate fields of hostile servers: no crash, no endless loop, nothing made up.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "oci/challenge.h"

// Line ends separate fields, as they do on the wire.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> fields(1);
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      fields.emplace_back();
    } else {
      fields.back() += static_cast<char>(data[i]);
    }
  }
  size_t length = 0;
  for (const gantry::Challenge& challenge : gantry::ParseChallenges(fields)) {
    if (challenge.scheme.empty()) std::abort();
    length += challenge.scheme.size() + challenge.token68.size();
    for (const auto& [name, value] : challenge.params) length += name.size() + value.size();
  }
  if (length > size) std::abort();
  return 0;
}
