// What a server wants to be shown: the challenges of WWW-Authenticate (RFC 9110 §11.6.1).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry {

// A value.
struct Challenge {
  std::string scheme;                         // lower case: "basic", "bearer", "negotiate"…
  std::map<std::string, std::string> params;  // by lower-case name; of doubles the first
  std::string token68;                        // instead of params, e.g. of Negotiate

  // The parameter, or nothing.
  std::optional<std::string> Get(const std::string& name) const;
};

// All challenges in order, of all WWW-Authenticate fields of one response.  Takes what registries
// really send: several challenges in one field, unquoted values with any character but a comma or
// a space, commas and escapes in quotes.  Never fails: what cannot be read is left out.  Linear in
// the length of the input.
std::vector<Challenge> ParseChallenges(const std::vector<std::string>& fields);

}  // namespace gantry
