// Times as clouds write them.  A flavor's clock is the host's: Call::now_unix_ms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::sdk {

// RFC 3339: "2026-11-23T12:00:00Z", with a fraction or an offset too.  Milliseconds since 1970.
std::optional<int64_t> ParseTimestamp(std::string_view text);

// The earlier of two ends, where 0 stands for none.
int64_t EarlierEnd(int64_t a_unix_ms, int64_t b_unix_ms);

// "20261123T120000Z": ISO 8601, basic, as SigV4 wants it.
std::string BasicTimestamp(int64_t unix_ms);

}  // namespace gantry::sdk
