// Free "--key=value" arguments, and values that come from elsewhere than the command line.
#pragma once

#include <absl/status/statusor.h>

#include <istream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::cli {

// "--key=value" and "--key value"; INVALID_ARGUMENT for anything else.  Values are resolved.
absl::StatusOr<std::map<std::string, std::string>> ParseKeyValues(
    const std::vector<std::string>& arguments, std::istream& input);

// Fields of such arguments whose value stands in the arguments themselves.
std::set<std::string> LiteralFields(const std::vector<std::string>& arguments);

// "@file" is the file's content, "-" all of `input`, "env:NAME" the variable; one trailing line end
// is dropped from each.  "@@…" is a literal "@…".  Anything else is itself.
absl::StatusOr<std::string> ResolveValue(std::string_view value, std::istream& input);

// "key=value" pairs of --label.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& labels);

// "90", "90s", "15m" or "6h", as seconds.
absl::StatusOr<int64_t> ParseSeconds(std::string_view text);

}  // namespace gantry::cli
