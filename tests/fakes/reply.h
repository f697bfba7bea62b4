// An answer before it is written, so that a test may change it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace gantry::fakes {

struct Reply {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  int status = 500;
  Headers headers = {};
  std::string body = {};

  void Remove(std::string_view name) {
    std::erase_if(headers, [&](const auto& field) { return EqualsIgnoreCase(field.first, name); });
  }
  void Set(std::string_view name, std::string_view value) {
    Remove(name);
    headers.emplace_back(name, value);
  }
};

}  // namespace gantry::fakes
