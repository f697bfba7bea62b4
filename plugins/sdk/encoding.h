// How bytes and fields are written in requests and tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::sdk {

// RFC 4648 §4, with padding; §5, without.
std::string Base64(std::string_view bytes);
std::string Base64Url(std::string_view bytes);
// Takes both alphabets, with or without padding.  Nothing when it is neither.
std::optional<std::string> DecodeBase64(std::string_view text);

// Without blanks and line ends around it, as editors and shells leave them.  Borrows from `text`.
std::string_view Trim(std::string_view text);

std::string Hex(std::string_view bytes);  // lower case

// application/x-www-form-urlencoded, in the given order.
using FormFields = std::vector<std::pair<std::string, std::string>>;
std::string FormEncode(const FormFields& fields);

}  // namespace gantry::sdk
