#include "clients/cli/value_kind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gantry::cli {

CLI::Option* OneOf(CLI::Option* option, const std::vector<std::string>& words) {
  return option->type_name(fmt::format("{}", fmt::join(words, "|")))
      ->check([words](const std::string& word) {
        return std::find(words.begin(), words.end(), word) != words.end()
                   ? ""
                   : fmt::format("'{}' is not one of {}", word, fmt::join(words, ", "));
      });
}

}  // namespace gantry::cli
