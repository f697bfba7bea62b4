// What a registry's token allows, where the token itself says so.
#pragma once

#include <string>
#include <string_view>

namespace gantry {

// "repository:team/app:pull,push" for each entry of a token's "access" claim, separated by spaces.
// Tokens of token servers are opaque to clients (distribution spec, "Token Authentication"), so
// this is for people to read and nothing more.  `authorization` is the header's value; empty when
// it is no "Bearer" with a JWT, or that has no such claim.  Never the token itself.
std::string GrantsOf(std::string_view authorization);

}  // namespace gantry
