#include "net/connect_to.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/status.h"
#include "base/strings.h"
#include "net/address_policy.h"

namespace gantry {
namespace {

bool IsPort(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits && text.size() <= 5 && (text.empty() || std::stoi(std::string(text)) <= 65535);
}

// Takes what stands before the next ':' outside of brackets; nothing when a bracket stays open.
std::optional<std::string> TakePart(std::string_view& rest) {
  size_t end = 0;
  if (!rest.empty() && rest.front() == '[') {
    end = rest.find(']');
    if (end == rest.npos) return std::nullopt;
  }
  end = std::min(rest.find(':', end), rest.size());
  std::string part(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

absl::StatusOr<ConnectTo> ConnectTo::Parse(std::string_view text) {
  const auto refuse = [&] {
    return InvalidArgument(reason::kInvalidArgument, "'{}' is not HOST:PORT:HOST2:PORT2",
                           Excerpt(text, 200))
        .Remedy("write for example sts.amazonaws.com:443:127.0.0.1:8443; an empty HOST or PORT "
                "stands for any");
  };
  std::string_view rest = text;
  std::array<std::string, 4> parts;
  for (std::string& part : parts) {
    auto taken = TakePart(rest);
    if (!taken) return refuse();
    part = *std::move(taken);
  }
  const bool blank = std::any_of(text.begin(), text.end(), [](char c) { return c <= ' '; });
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (!rest.empty() || blank || colons < 3 || !IsPort(parts[1]) || !IsPort(parts[3])) {
    return refuse();
  }
  ConnectTo entry;
  entry.text_ = text;
  entry.host_ = ToLower(parts[0]);
  entry.port_ = parts[1];
  return entry;
}

bool ConnectTo::Serves(std::string_view url) const {
  std::string_view authority = AuthorityOf(url);
  if (authority.empty()) return false;
  const std::string host = TakePart(authority).value_or("");
  const std::string_view fallback = url.starts_with("http:") ? "80" : "443";
  const std::string_view port = authority.empty() ? fallback : authority;
  return (host_.empty() || host_ == ToLower(host)) && (port_.empty() || port_ == port);
}

}  // namespace gantry
