// Hashes and signatures, by OpenSSL's libcrypto: the one library a flavor may link beside libc's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry::sdk {

// Raw bytes, 32 of them.
std::string Sha256(std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view bytes);

// RSASSA-PKCS1-v1_5 with SHA-256 (RS256 of RFC 7518).  Nothing when `pem` is no RSA private key.
std::optional<std::string> SignRs256(std::string_view pem, std::string_view bytes);

}  // namespace gantry::sdk
