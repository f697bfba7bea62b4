// Requests that the host sends for a flavor.  A flavor opens no connection of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/abi/flavor_abi.h"

namespace gantry::sdk {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // whole for Call::Http; "/v2/…" for Call::Registry
  Headers headers;
  std::string body;
  uint32_t flags = 0;  // GANTRY_HTTP_*
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;

  // The first value of a header, whatever its case.
  std::optional<std::string> Header(std::string_view name) const;

  // "Retry-After: 3" in milliseconds; -1 without one.  Dates are left to the caller's own pause.
  int64_t RetryAfterMs() const;
};

// RFC 3986: everything but unreserved characters becomes %XX.
std::string UrlEncode(std::string_view text);

// "registry.example.com:8443" of "https://registry.example.com:8443/v2/": where a URL of http or
// https leads, as it stands there.  Empty when readers could differ on that: a user in front of it,
// another scheme, a host that is neither a plain name nor an IPv6 address in brackets, a port that
// is no number.
std::string AuthorityOf(std::string_view url);

// The same without the port.  What decides where a credential may go looks at nothing else.
std::string HostOf(std::string_view url);

// The target of the header's rel="next" link (RFC 8288), or nothing.
std::optional<std::string> NextLink(const HttpResponse& response);

// ASCII case-insensitive comparison, for hosts and header names.
bool SameText(std::string_view a, std::string_view b);

}  // namespace gantry::sdk
