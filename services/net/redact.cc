#include "net/redact.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace gantry {
namespace {

constexpr std::array<std::string_view, 8> kQueryKeys = {"digest", "from",  "last",    "mount",
                                                        "n",      "scope", "service", "tag"};

}  // namespace

std::string RedactUrl(std::string_view url) {
  std::string out;
  if (const size_t scheme = url.find("://"); scheme != url.npos) {
    const size_t authority_end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
    const size_t at = url.substr(0, authority_end).rfind('@');
    out = url.substr(0, scheme + 3);
    url.remove_prefix(at == url.npos || at < scheme ? scheme + 3 : at + 1);
  }
  const size_t question = url.find('?');
  out += url.substr(0, question);
  if (question == url.npos) return out;
  char separator = '?';
  for (const std::string_view pair : Split(url.substr(question + 1), '&')) {
    const std::string_view key = pair.substr(0, pair.find('='));
    const bool shown = std::find(kQueryKeys.begin(), kQueryKeys.end(), key) != kQueryKeys.end();
    out += separator;
    out += shown ? std::string(pair) : std::string(key) + "=REDACTED";
    separator = '&';
  }
  return out;
}

}  // namespace gantry
