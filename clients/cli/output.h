// What goes to the terminal: tables for people, JSON for programs, errors for both.
#pragma once

#include <absl/status/status.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

namespace gantry::cli {

enum class Format { kHuman, kJson };

using Rows = std::vector<std::vector<std::string>>;

// Columns aligned, two spaces between; no line ends with spaces.
std::string Table(const Rows& rows);

// `text` with control characters shown as '?': a registry's words must not steer the terminal. Line
// ends and valid UTF-8 stay.
std::string Printable(std::string_view text);

// protobuf's JSON with the names of the .proto and every field, one document with a line end.
std::string ToJson(const google::protobuf::Message& message);

// "error: …", the reason and what to do; or one line of JSON.
std::string DescribeError(const absl::Status& status, Format format);

// "warning: <text>" on standard error, which programs that read the answer do not see.
void PrintWarning(std::string_view text);

// "12.3 MB", as people and disks count: powers of 1000.
std::string HumanBytes(int64_t bytes);

}  // namespace gantry::cli
