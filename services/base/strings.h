// The one bridge between std::string_view and absl::string_view.
//
// On Debian 12 abseil has a string_view of its own, and neither type converts to the other.  Gantry
// uses std::string_view everywhere; this header is the only file that names both.
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <string_view>
#include <vector>

namespace gantry {

inline absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view ToStd(absl::string_view s) { return {s.data(), s.size()}; }

// ASCII only: header names, schemes and hosts are ASCII by their specifications.
std::string ToLower(std::string_view s);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// Without leading and trailing spaces, tabs and line ends.
std::string_view Trim(std::string_view s);

std::vector<std::string_view> Split(std::string_view s, char separator);

// RFC 4648 base64 with padding; decoding also takes the URL-safe alphabet and missing padding.
std::string Base64Encode(std::string_view bytes);
bool Base64Decode(std::string_view text, std::string* bytes);

std::string HexEncode(std::string_view bytes);

// RFC 3986: everything but unreserved characters becomes %XX.
std::string UrlEncode(std::string_view s);

// Valid UTF-8: bad bytes become U+FFFD, so that any upstream text may enter a protobuf string.
std::string ScrubUtf8(std::string_view s);

// At most `limit` bytes of valid UTF-8 on one line, for showing a stranger's text in a message.
std::string Excerpt(std::string_view s, size_t limit);

}  // namespace gantry
