// URLs and headers as they may be shown: by allow-lists, so that what is new is hidden.
#pragma once

#include <string>
#include <string_view>

namespace gantry {

// Without user info; of the query only keys that registries define and that carry no secret keep
// their values.
std::string RedactUrl(std::string_view url);

// Whether a header's value may be logged.
bool IsLoggableHeader(std::string_view name);

}  // namespace gantry
