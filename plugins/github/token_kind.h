// What a GitHub token is can be read off its first letters.
// https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
#pragma once

#include <string_view>

namespace gantry::github {

struct TokenKind {
  std::string_view prefix, name;
  bool has_scopes = false;  // the API tells them
  bool opens_packages = true;
};

// By its prefix; a kind without a name for what is no token that GitHub makes today.
const TokenKind& TokenKindOf(std::string_view token);

}  // namespace gantry::github
