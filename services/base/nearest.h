// The known word that a mistyped one most likely means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry {

// The nearest of `known`, or "" when none is near: more than a third of the letters would change.
std::string NearestOf(std::string_view word, const std::vector<std::string>& known);

// "did you mean 'push'? ", to begin a remedy with; "" when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace gantry
