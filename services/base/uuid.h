// Random identifiers.
#pragma once

#include <string>

namespace gantry {

// RFC 4122 version 4, from the operating system's generator.
std::string NewUuid();

}  // namespace gantry
