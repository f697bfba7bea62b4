#include "plugins/azure/token.h"

#include <string.h>

#include <algorithm>
#include <charconv>

#include "plugins/sdk/jwt.h"
#include "plugins/sdk/timestamp.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::azure {
namespace {

constexpr int64_t kMaxLifeSeconds = 7 * 86'400;
constexpr int64_t kLastSecond = 253'402'300'799;  // the end of the year 9999

}  // namespace

sdk::Status TakeToken(std::string_view host, std::string_view field, int64_t now_unix_ms,
                      sdk::HttpResponse& response, Token& token) {
  const sdk::Json json = sdk::Json::Parse(response.body);
  explicit_bzero(response.body.data(), response.body.size());
  response.body.clear();
  token.value = sdk::Secret(json[field].Text());
  if (token.value.empty()) {
    return sdk::NotTheCloud(host, "answered without the token that was asked for");
  }
  token.expires_unix_ms = sdk::JwtExpiryUnixMs(token.value.Reveal());
  if (const int64_t on = LooseInteger(json["expires_on"]); on > 0 && on <= kLastSecond) {
    token.expires_unix_ms = sdk::EarlierEnd(token.expires_unix_ms, on * 1000);
  }
  if (const int64_t life = LooseInteger(json["expires_in"]); life > 0) {
    token.expires_unix_ms = sdk::EarlierEnd(token.expires_unix_ms,
                                            now_unix_ms + std::min(life, kMaxLifeSeconds) * 1000);
  }
  return sdk::Ok();
}

int64_t LooseInteger(const sdk::Json& value) {
  if (const int64_t number = value.Integer(); number != 0) return number;
  const std::string text = value.Text();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace gantry::azure
