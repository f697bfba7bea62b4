#include "plugins/sdk/http.h"

#include <algorithm>

namespace gantry::sdk {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool IsName(std::string_view host) {
  return !host.empty() &&
         std::all_of(host.begin(), host.end(), [](char c) { return c != '~' && Unreserved(c); });
}

// "[fd00:ec2::254]"
bool IsAddress(std::string_view host) {
  return host.size() > 4 && host.front() == '[' && host.back() == ']' &&
         host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
}

// ":8443", or nothing at all.
bool IsPort(std::string_view port) {
  return port.empty() || (port.size() > 1 && port.size() <= 6 && port.front() == ':' &&
                          port.find_first_not_of("0123456789", 1) == port.npos);
}

std::string_view WithoutPort(std::string_view authority) {
  const bool address = authority.starts_with('[');
  return authority.substr(0, address ? authority.find(']') + 1 : authority.find(':'));
}

}  // namespace

int64_t HttpResponse::RetryAfterMs() const {
  const std::string text = Header("Retry-After").value_or("");
  const bool seconds =
      !text.empty() && text.size() <= 6 && text.find_first_not_of("0123456789") == text.npos;
  return seconds ? std::stoll(text) * 1000 : -1;
}

std::optional<std::string> HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameText(key, name)) return value;
  }
  return std::nullopt;
}

std::string UrlEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (Unreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

std::string AuthorityOf(std::string_view url) {
  constexpr std::string_view kSchemes[] = {"https://", "http://"};
  for (const std::string_view scheme : kSchemes) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const std::string_view host = WithoutPort(authority);
    const bool plain = (IsName(host) || IsAddress(host)) && IsPort(authority.substr(host.size()));
    return std::string(plain ? authority : "");
  }
  return {};
}

std::string HostOf(std::string_view url) { return std::string(WithoutPort(AuthorityOf(url))); }

std::optional<std::string> NextLink(const HttpResponse& response) {
  const std::string link = response.Header("Link").value_or("");
  size_t at = 0;
  while ((at = link.find('<', at)) != link.npos) {
    const size_t close = link.find('>', at);
    if (close == link.npos) break;
    const size_t end = std::min(link.find('<', close), link.size());
    const std::string_view parameters = std::string_view(link).substr(close, end - close);
    if (parameters.find("rel=\"next\"") != parameters.npos ||
        parameters.find("rel=next") != parameters.npos) {
      return link.substr(at + 1, close - at - 1);
    }
    at = close;
  }
  return std::nullopt;
}

bool SameText(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace gantry::sdk
