// The daemon's environment variables, handed in so that tests have their own.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace gantry {

// A value; immutable once it is shared.
struct Environment {
  std::map<std::string, std::string> variables;

  static Environment OfProcess();

  // Nothing when it is not set, or empty.
  std::optional<std::string> Get(const std::string& name) const;
};

}  // namespace gantry
