// JSON Web Tokens (RFC 7519) as clouds hand them out and take them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/sdk/json.h"

namespace gantry::sdk {

// A token of this header and these claims, JSON both, signed by RS256.  Nothing when the key is no
// RSA private key.
std::optional<std::string> SignJwt(std::string_view header_json, std::string_view claims_json,
                                   std::string_view private_key_pem);

// The claims, without a look at the signature: who gave us the token vouches for it.  Nothing when it
// is no JWT.
Json ReadJwtClaims(std::string_view token);

// When the token expires, by its claim "exp"; 0 when it does not say.
int64_t JwtExpiryUnixMs(std::string_view token);

}  // namespace gantry::sdk
