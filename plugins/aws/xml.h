// What STS answers: a small XML document whose elements have names of their own.
#pragma once

#include <string>
#include <string_view>

namespace gantry::aws {

// The text of the first element of that name, its entities resolved; empty when there is none.
std::string XmlText(std::string_view document, std::string_view element);

}  // namespace gantry::aws
