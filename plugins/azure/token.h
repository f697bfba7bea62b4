// A token with its end, and how the services of Azure write both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sdk/http.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/secret.h"
#include "plugins/sdk/status.h"

namespace gantry::azure {

struct Token {
  sdk::Secret value;
  int64_t expires_unix_ms = 0;  // 0: it does not say
};

// Takes the member `field` out of an answer's JSON, and wipes the answer.  It expires at the
// earliest of "expires_on", "expires_in" and the token's own "exp"; the first two are numbers, or
// numbers in quotes.
//   FAILED_PRECONDITION UPSTREAM_PROTOCOL   there is no such member
sdk::Status TakeToken(std::string_view host, std::string_view field, int64_t now_unix_ms,
                      sdk::HttpResponse& response, Token& token);

// A number, or a number in quotes; 0 for anything else.
int64_t LooseInteger(const sdk::Json& value);

}  // namespace gantry::azure
