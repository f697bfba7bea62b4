#include "oci/url.h"

#include <algorithm>

#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

Error BadUrl(std::string_view text) {
  return FailedPrecondition(reason::kUpstreamProtocol, "'{}' is not a usable http URL",
                            Excerpt(text.substr(0, text.find('?')), 200));
}

bool HasForbiddenByte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '\\';
  });
}

bool IsHostName(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    const bool digit = c >= '0' && c <= '9';
    if (bracketed) return digit || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
    return digit || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

// "host[:port]" into `url`; false when it is neither.
bool ReadAuthority(std::string_view authority, Url& url) {
  url.host = ToLower(authority);
  url.port = url.https ? 443 : 80;
  const size_t bracket = url.host.rfind(']');
  const size_t colon = url.host.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const std::string port = url.host.substr(colon + 1);
    url.host.resize(colon);
    if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos) return false;
    if (!port.empty()) url.port = std::stoi(port);
    if (url.port < 1 || url.port > 65535) return false;
  }
  return IsHostName(url.host);
}

// "/a/./b/../c" is "/a/c"; the query is no path.
std::string WithoutDots(std::string_view target) {
  const size_t query = std::min(target.find('?'), target.size());
  std::vector<std::string_view> kept;
  const auto segments = Split(target.substr(1, query - 1), '/');
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size();
    if (segments[i] != "." && segments[i] != "..") {
      kept.push_back(segments[i]);
      continue;
    }
    if (segments[i] == ".." && !kept.empty()) kept.pop_back();
    if (last) kept.push_back("");
  }
  std::string path;
  for (const std::string_view segment : kept) path.append("/").append(segment);
  if (path.empty()) path = "/";
  return path.append(target.substr(query));
}

}  // namespace

absl::StatusOr<Url> Url::Parse(std::string_view text) {
  Url url;
  std::string_view rest = text.substr(0, text.find('#'));
  if (HasForbiddenByte(rest)) return BadUrl(text);
  const size_t scheme_end = rest.find("://");
  if (scheme_end == rest.npos) return BadUrl(text);
  const std::string scheme = ToLower(rest.substr(0, scheme_end));
  if (scheme != "https" && scheme != "http") return BadUrl(text);
  url.https = scheme == "https";
  rest.remove_prefix(scheme_end + 3);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!ReadAuthority(rest.substr(0, end), url)) return BadUrl(text);
  url.target = rest.substr(end);
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
  return url;
}

absl::StatusOr<Url> Url::Resolve(std::string_view reference) const {
  const std::string_view ref = reference.substr(0, reference.find('#'));
  if (HasForbiddenByte(ref)) return BadUrl(reference);
  const size_t colon = ref.find(':');
  // What stands before a colon is a scheme, unless a slash or a query comes first.
  if (colon != ref.npos && colon < std::min(ref.find_first_of("/?"), ref.size())) return Parse(ref);
  if (ref.substr(0, 2) == "//") {
    return Parse((https ? "https:" : "http:") + std::string(ref));
  }
  Url url = *this;
  const size_t query = std::min(target.find('?'), target.size());
  if (ref.empty()) return url;
  if (ref.front() == '/') {
    url.target = WithoutDots(ref);
  } else if (ref.front() == '?') {
    url.target = target.substr(0, query) + std::string(ref);
  } else {
    const size_t directory = target.rfind('/', query) + 1;
    url.target = WithoutDots(target.substr(0, directory) + std::string(ref));
  }
  return url;
}

std::string Url::authority() const {
  return port == (https ? 443 : 80) ? host : fmt::format("{}:{}", host, port);
}

std::string Url::text() const {
  return fmt::format("{}://{}{}", https ? "https" : "http", authority(), target);
}

}  // namespace gantry
