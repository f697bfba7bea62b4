// Classes of characters, by the specifications that are ASCII, and in no user's locale.
#pragma once

#include <string_view>

namespace gantry {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || IsDigit(c); }
constexpr bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }

// RFC 9110, section 5.6.2: what methods and names of headers are made of.
constexpr bool IsTokenChar(char c) {
  return IsAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace gantry
