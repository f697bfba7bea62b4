#include "oci/token_grants.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr size_t kMaxText = 300;

std::string Join(const Json* texts) {
  std::string joined;
  if (texts == nullptr) return joined;
  for (const Json& text : *texts) {
    if (!text.is_string()) continue;
    joined += (joined.empty() ? "" : ",") + text.get<std::string>();
  }
  return joined;
}

}  // namespace

std::string GrantsOf(std::string_view authorization) {
  constexpr std::string_view kBearer = "Bearer ";
  if (authorization.substr(0, kBearer.size()) != kBearer) return "";
  const auto parts = Split(authorization.substr(kBearer.size()), '.');
  std::string payload;
  if (parts.size() != 3 || !Base64Decode(parts[1], &payload)) return "";
  const auto claims = ParseJson(payload);
  const Json* access = claims.ok() && claims->is_object() ? GetArray(*claims, "access") : nullptr;
  if (access == nullptr) return "";
  std::string grants;
  for (const Json& entry : *access) {
    if (!entry.is_object()) continue;
    const std::string actions = Join(GetArray(entry, "actions"));
    if (!grants.empty()) grants += ' ';
    grants +=
        fmt::format("{}:{}:{}", GetString(entry, "type").value_or(""),
                    GetString(entry, "name").value_or(""), actions.empty() ? "nothing" : actions);
  }
  return grants.empty() ? "nothing" : Excerpt(grants, kMaxText);
}

}  // namespace gantry
