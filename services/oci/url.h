// An http or https URL in the parts that decide where a request goes (RFC 3986).
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace gantry {

// A value.  Path and query are kept byte for byte: registries sign them.
struct Url {
  bool https = true;
  std::string host;    // lower case, an IPv6 address in brackets
  int port = 443;      // the scheme's own when the text has none
  std::string target;  // path and query, begins with '/'

  // Whole URLs only; a fragment is dropped.  FAILED_PRECONDITION UPSTREAM_PROTOCOL when it is no
  // http URL, names a user, or has blanks, control characters or backslashes, on which readers differ.
  static absl::StatusOr<Url> Parse(std::string_view text);
  // RFC 3986 §5.2: `reference` may be whole, "//host/…", "/path", "?query" or relative to the path.
  absl::StatusOr<Url> Resolve(std::string_view reference) const;

  std::string authority() const;  // host, and the port unless it is the scheme's own
  std::string text() const;
  bool SameOrigin(const Url& other) const {
    return https == other.https && host == other.host && port == other.port;
  }
};

}  // namespace gantry
