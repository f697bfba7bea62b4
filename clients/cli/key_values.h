// Free "--key=value" arguments, and values that come from elsewhere than the command line.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <istream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::cli {

// All of a stream, which must be UTF-8 and at most 1 MiB, without a last line end.  `what` names it
// in errors.
absl::StatusOr<std::string> ReadValue(std::istream& in, std::string_view what);

// Reads what "-" stands for.
using ReadInput = std::function<absl::StatusOr<std::string>()>;

// "--key=value" and "--key value"; INVALID_ARGUMENT for anything else.  Values are resolved.
absl::StatusOr<std::map<std::string, std::string>> ParseKeyValues(
    const std::vector<std::string>& arguments, const ReadInput& input);

// Fields of such arguments whose value stands in the arguments themselves.
std::set<std::string> LiteralFields(const std::vector<std::string>& arguments);

// "@file" is the file's content, "-" what `input` reads, "env:NAME" the variable; one trailing line
// end is dropped from each.  "@@…" is a literal "@…".  Anything else is itself.
absl::StatusOr<std::string> ResolveValue(std::string_view value, const ReadInput& input);

// "key=value" pairs of --label.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& labels);

// "90", "90s", "15m" or "6h", as seconds.
absl::StatusOr<int64_t> ParseSeconds(std::string_view text);

}  // namespace gantry::cli
