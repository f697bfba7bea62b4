#include "plugins/sdk/jwt.h"

#include "plugins/sdk/crypto.h"
#include "plugins/sdk/encoding.h"

namespace gantry::sdk {

std::optional<std::string> SignJwt(std::string_view header_json, std::string_view claims_json,
                                   std::string_view private_key_pem) {
  const std::string signed_part = Base64Url(header_json) + "." + Base64Url(claims_json);
  const auto signature = SignRs256(private_key_pem, signed_part);
  if (!signature) return std::nullopt;
  return signed_part + "." + Base64Url(*signature);
}

Json ReadJwtClaims(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos) return {};
  const auto claims = DecodeBase64(token.substr(first + 1, second - first - 1));
  return claims ? Json::Parse(*claims) : Json();
}

int64_t JwtExpiryUnixMs(std::string_view token) {
  constexpr int64_t kLast = 253'402'300'799;  // the end of the year 9999
  const int64_t seconds = ReadJwtClaims(token)["exp"].Integer();
  return seconds > 0 && seconds <= kLast ? seconds * 1000 : 0;
}

}  // namespace gantry::sdk
