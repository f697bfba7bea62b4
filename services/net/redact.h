// URLs as they may be shown: by an allow-list, so that what is new is hidden.
#pragma once

#include <string>
#include <string_view>

namespace gantry {

// Without user info; of the query only keys that registries define and that carry no secret keep
// their values.
std::string RedactUrl(std::string_view url);

}  // namespace gantry
